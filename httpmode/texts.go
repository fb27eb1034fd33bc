package httpmode

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Texts are what the answers say in one language. None of them is HTML.
type Texts struct {
	// Dir is the direction of the script, "ltr" or "rtl". If empty, that of the
	// language if it is built in, and else "ltr".
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

	// Typed is the heading over what the visitor sent with a form. Resend says that it
	// is there, and can be sent again with the button SendAgain. GoBack says so of a form that cannot be sent
	// again from the page, because it has a file, a password, or a very long text. Both are advice.
	Typed, Resend, SendAgain, GoBack string

	// Time is how times are written: a layout of package time, with its zone as the word UTC. If
	// empty, "2006-01-02 15:04 UTC".
	Time string
	// Months are the names of the months, separated by spaces, where Time has "January" in it. If
	// empty, those in English.
	Months string
}

// time writes a time, which is in UTC.
func (t Texts) time(at time.Time) string {
	text := at.Format(t.Time)
	if months := strings.Fields(t.Months); len(months) == 12 {
		text = strings.Replace(text, at.Month().String(), months[at.Month()-1], 1)
	}
	return text
}

// Notice is what a page says first, and what its visitor can do.
type Notice struct {
	Heading, Lead, Advice string
}

// builtin are the languages that are always there. The first is the one for
// visitors who understand none of them.
var builtin = map[language.Tag]Texts{
	language.English:           english,
	language.Arabic:            arabic,
	language.SimplifiedChinese: chinese,
	language.French:            french,
	language.German:            german,
	language.Japanese:          japanese,
	language.Portuguese:        portuguese,
	language.Spanish:           spanish,
}

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
	texts.Dir = cmp.Or(texts.Dir, from.Dir, "ltr")
	texts.Time = cmp.Or(texts.Time, from.Time, "2006-01-02 15:04 UTC")
	texts.Months = cmp.Or(texts.Months, from.Months, english.Months)
	if texts.Dir != "ltr" && texts.Dir != "rtl" {
		return texts, fmt.Errorf(".Dir must be ltr or rtl, not %q", texts.Dir)
	}
	if n := len(strings.Fields(texts.Months)); n != 12 {
		return texts, fmt.Errorf(".Months must be 12 names separated by spaces, not %d", n)
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
