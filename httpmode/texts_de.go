package httpmode

var german = Texts{
	Dir: "ltr",
	Sent: Notice{
		Heading: "Das lässt sich gerade nicht speichern",
		Lead:    "Während an der Datenbank gearbeitet wird, kann die Website nur gelesen werden. Was Sie abgeschickt haben, wurde nicht gespeichert.",
		Advice:  "Was Sie geschrieben haben, ist nicht verloren. Gehen Sie zurück: Ihr Text steht noch im Formular, und Sie können es später noch einmal versuchen. Oder lassen Sie diese Seite offen und laden Sie sie später neu: So wird dasselbe Formular noch einmal abgeschickt.",
	},
	Page: Notice{
		Heading: "Diese Seite ist gerade nicht verfügbar",
		Lead:    "Während an der Datenbank gearbeitet wird, kann die Website nur gelesen werden. Um diese Seite zu zeigen, müsste aber etwas gespeichert werden.",
		Advice:  "Versuchen Sie es später noch einmal mit demselben Link. Alles andere auf der Website können Sie weiterhin lesen.",
	},
	SignIn: Notice{
		Heading: "Anmelden ist gerade nicht möglich",
		Lead:    "Während an der Datenbank gearbeitet wird, sehen alle die Website so, als wären sie nicht angemeldet.",
		Advice:  "Wenn Sie vorher angemeldet waren, sind Sie es noch immer: Sie müssen nichts tun, und nach den Arbeiten ist alles wieder wie gewohnt. Sonst melden Sie sich bitte später an.",
	},
	Detail:  "Der Dienst ist wegen Wartungsarbeiten nur lesbar. Die Änderung wurde abgelehnt; bitte versuchen Sie es später noch einmal.",
	Works:   "Das geht",
	Reading: "Lesen: Seiten, Suche und Links",
	Paused:  "Das geht gerade nicht",
	Saving:  "Speichern: Formulare, Uploads, Einstellungen",
	Signing: "An- und Abmelden",
	Advice:  "Was Sie tun können",
	End:     "Voraussichtliches Ende:", Since: "Nur lesbar seit:",
	Minutes: "in etwa {minutes} Min.",
	Overdue: "Es dauert länger als geplant, dürfte aber bald geschafft sein.",
	Unknown: "Wann es vorbei ist, steht noch nicht fest.",

	TryAgain: "Noch einmal versuchen", StatusPage: "Statusseite",

	Typed:     "Was Sie geschrieben haben",
	Resend:    "Was Sie geschrieben haben, ist nicht verloren: Es steht auf dieser Seite. Lassen Sie sie offen oder kopieren Sie Ihren Text, und schicken Sie ihn später noch einmal ab.",
	SendAgain: "Noch einmal abschicken",
	GoBack:    "Was Sie geschrieben haben, ist nicht verloren. Gehen Sie zurück zum Formular und schicken Sie es später von dort noch einmal ab. Diese Seite kann das nicht für Sie tun, denn sie bewahrt keine Dateien, Passwörter oder sehr langen Texte auf.",

	Time:   "2. January 2006, 15:04 Uhr UTC",
	Months: "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
