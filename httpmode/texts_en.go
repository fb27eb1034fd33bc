package httpmode

var english = Texts{
	Dir: "ltr",
	Sent: Notice{
		Heading: "This can’t be saved right now",
		Lead:    "The site is open for reading only while work on its database is under way. What you sent was not saved.",
		Advice:  "Nothing you typed is lost. Go back and your text is still in the form; try again later. Or leave this page open and reload it then: that sends the same form again.",
	},
	Page: Notice{
		Heading: "This page is paused right now",
		Lead:    "The site is open for reading only while work on its database is under way, and this page has to save something to be shown.",
		Advice:  "Try again later, with the same link. The rest of the site can be read meanwhile.",
	},
	SignIn: Notice{
		Heading: "Signing in is paused right now",
		Lead:    "While work on the database is under way, everybody sees the site as a guest.",
		Advice:  "If you were signed in before, you still are: you need not do anything, and it will show when the work is over. Otherwise, sign in later.",
	},
	Detail:  "The service is read-only for maintenance. The change was refused; try again later.",
	Works:   "What works",
	Reading: "Reading: pages, search and links",
	Paused:  "What is paused",
	Saving:  "Saving: forms, uploads, settings",
	Signing: "Signing in and out",
	Advice:  "What you can do",
	End:     "Expected to be over:", Since: "Read-only since:",
	Minutes: "in about {minutes} min",
	Overdue: "This is taking longer than planned, but should be over soon.",
	Unknown: "When it will be over is not known yet.",

	TryAgain: "Try again", StatusPage: "Status page",

	Typed:     "What you typed",
	Resend:    "Nothing you typed is lost: it is on this page. Leave the page open, or copy your text, and send it again later.",
	SendAgain: "Send again",
	GoBack:    "Nothing you typed is lost. Go back to the form, and send it from there later. This page cannot do that for you, because it keeps no files, no passwords and no very long texts.",

	Time:   "2 January 2006, 15:04 UTC",
	Months: "January February March April May June July August September October November December",
}
