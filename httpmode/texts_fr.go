package httpmode

var french = Texts{
	Dir: "ltr",
	Sent: Notice{
		Heading: "Impossible d’enregistrer pour le moment",
		Lead:    "Pendant des travaux sur la base de données, le site est en lecture seule. Ce que vous avez envoyé n’a pas été enregistré.",
		Advice:  "Rien de ce que vous avez écrit n’est perdu. Revenez à la page précédente\u00a0: votre texte est toujours dans le formulaire, et vous pourrez réessayer plus tard. Vous pouvez aussi laisser cette page ouverte et l’actualiser le moment venu\u00a0: le même formulaire sera renvoyé.",
	},
	Page: Notice{
		Heading: "Cette page est momentanément indisponible",
		Lead:    "Pendant des travaux sur la base de données, le site est en lecture seule. Or cette page doit enregistrer quelque chose pour s’afficher.",
		Advice:  "Réessayez plus tard avec le même lien. D’ici là, vous pouvez consulter le reste du site.",
	},
	SignIn: Notice{
		Heading: "La connexion est momentanément suspendue",
		Lead:    "Pendant des travaux sur la base de données, tout le monde voit le site comme un simple visiteur.",
		Advice:  "Si votre session était déjà ouverte, elle l’est toujours\u00a0: vous n’avez rien à faire, et vous la retrouverez à la fin des travaux. Sinon, connectez-vous plus tard.",
	},
	Detail:  "Le service est en lecture seule pour maintenance. La modification a été refusée\u00a0; réessayez plus tard.",
	Works:   "Ce qui fonctionne",
	Reading: "La lecture\u00a0: pages, recherche et liens",
	Paused:  "Ce qui est suspendu",
	Saving:  "L’enregistrement\u00a0: formulaires, envois de fichiers, réglages",
	Signing: "La connexion et la déconnexion",
	Advice:  "Ce que vous pouvez faire",
	End:     "Fin prévue\u00a0:", Since: "Lecture seule depuis\u00a0:",
	Minutes: "dans environ {minutes}\u00a0min",
	Overdue: "C’est plus long que prévu, mais cela devrait bientôt se terminer.",
	Unknown: "L’heure de fin n’est pas encore connue.",

	TryAgain: "Réessayer", StatusPage: "Page d’état",

	Typed:     "Ce que vous avez écrit",
	Resend:    "Rien de ce que vous avez écrit n’est perdu\u00a0: tout est sur cette page. Laissez-la ouverte, ou copiez votre texte, et renvoyez-le plus tard.",
	SendAgain: "Renvoyer",
	GoBack:    "Rien de ce que vous avez écrit n’est perdu. Revenez au formulaire et renvoyez-le plus tard depuis celui-ci. Cette page ne peut pas le faire à votre place, car elle ne garde ni fichiers, ni mots de passe, ni textes très longs.",

	Time:   "02/01/2006 à 15:04 UTC",
	Months: "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
