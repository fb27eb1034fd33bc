package httpmode

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Texts are what the answers say in one language. None of them is HTML.
type Texts struct {
	// Dir is the direction of the script, "ltr" or "rtl". If empty, "ltr".
	Dir string

	// Sent is for a form, or any other request, that would have changed
	// something; Page for a page that has to save something to be shown; SignIn for what
	// needs somebody to be signed in, in anonymous mode.
	Sent, Page, SignIn Notice
	// Detail says the same as Sent and Page to a program.
	Detail string

	// Works is the heading over Reading: what works. Paused is the one over Saving,
	// what does not, and in anonymous mode Signing too. Advice is the one over a Notice's Advice.
	Works, Reading          string
	Paused, Saving, Signing string
	Advice                  string

	// End stands before the time of the expected end, Since before that of the
	// beginning. Minutes says how long it is until the end; in it "{minutes}" becomes a number.
	// Overdue stands for an end that has passed, Unknown for one that is not known.
	End, Since, Minutes, Overdue, Unknown string

	// TryAgain and StatusPage are links.
	TryAgain, StatusPage string
}

// Notice is what a page says first, and what its visitor can do.
type Notice struct {
	Heading, Lead, Advice string
}

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
	Overdue: "It takes longer than planned, and should be over soon.",
	Unknown: "When it will be over is not known yet.",

	TryAgain: "Try again", StatusPage: "Status page",
}

// builtin are the languages that are always there. The first is the one for
// visitors who understand none of them.
var builtin = map[language.Tag]Texts{language.English: english}

// languages finds the texts for a visitor.
type languages struct {
	matcher language.Matcher
	tags    []language.Tag
	texts   []Texts
}

// newLanguages adds texts to the built-in ones.
func newLanguages(custom map[language.Tag]Texts) (languages, error) {
	all := maps.Clone(builtin)
	for tag, texts := range custom {
		texts, err := complete(texts, all[tag])
		if err != nil {
			return languages{}, fmt.Errorf("Config.Texts[%s]%w", tag, err)
		}
		all[tag] = texts
	}
	var l languages
	l.tags = slices.SortedFunc(maps.Keys(all), func(a, b language.Tag) int {
		return strings.Compare(rank(a), rank(b))
	})
	for _, tag := range l.tags {
		l.texts = append(l.texts, all[tag])
	}
	l.matcher = language.NewMatcher(l.tags)
	return l, nil
}

// rank orders English first, and then by name.
func rank(tag language.Tag) string {
	if tag == language.English {
		return ""
	}
	return tag.String()
}

// complete fills the empty fields of texts from those built in. Its errors begin
// where "Texts[tag]" ends.
func complete(texts, from Texts) (Texts, error) {
	if texts.Dir == "" {
		texts.Dir = "ltr"
	}
	if texts.Dir != "ltr" && texts.Dir != "rtl" {
		return texts, fmt.Errorf(".Dir must be ltr or rtl, not %q", texts.Dir)
	}
	err := fill(reflect.ValueOf(&texts).Elem(), reflect.ValueOf(from), "")
	return texts, err
}

func fill(to, from reflect.Value, path string) error {
	for i := range to.NumField() {
		name := path + "." + to.Type().Field(i).Name
		field := to.Field(i)
		if field.Kind() == reflect.Struct {
			if err := fill(field, from.Field(i), name); err != nil {
				return err
			}
			continue
		}
		if field.String() == "" {
			field.Set(from.Field(i))
		}
		if field.String() == "" {
			return fmt.Errorf("%s is empty; expected a text, as this language has none built in", name)
		}
	}
	return nil
}

// maxAcceptLanguage bounds what is parsed of a client's wishes.
const maxAcceptLanguage = 1024

// match returns the texts that fit Accept-Language best (RFC 9110, 12.5.4; RFC 4647).
func (l languages) match(accept string) (language.Tag, Texts) {
	if len(l.tags) == 1 || accept == "" || len(accept) > maxAcceptLanguage {
		return l.tags[0], l.texts[0]
	}
	_, i := language.MatchStrings(l.matcher, accept)
	return l.tags[i], l.texts[i]
}
