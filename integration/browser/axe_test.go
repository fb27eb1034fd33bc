package browser

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// axe returns the script of axe-core, which npm puts beside this file.
var axe = sync.OnceValues(func() (string, error) {
	script, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if errors.Is(err, os.ErrNotExist) {
		return "", errors.New("there is no axe-core: run npm ci in integration/browser")
	}
	return string(script), err
})

// findings is what axe-core says of a page.
type findings struct {
	Violations, Incomplete, Passes []finding
}

// finding is a rule, and where a page breaks it or may.
type finding struct {
	ID, Help string
	Nodes    []string
}

func (f finding) String() string {
	return fmt.Sprintf("%s (%s):\n\t\t%s", f.ID, f.Help, strings.Join(f.Nodes, "\n\t\t"))
}

// checkAccess has axe-core look at the page by all of its rules.
func (b *tab) checkAccess() findings {
	b.Helper()
	script, err := axe()
	if err != nil {
		missing(b.T, err)
	}
	run[bool](b, script+"\n;true")
	return run[findings](b, `(async () => {
		const brief = rules => rules.map(r => ({ ID: r.id, Help: r.help, Nodes: r.nodes.map(n => n.html + ' ' + (n.failureSummary || '')) }))
		const found = await axe.run(document, { preload: false })
		return { Violations: brief(found.violations), Incomplete: brief(found.incomplete), Passes: brief(found.passes) }
	})()`)
}

// accessible demands that axe-core finds nothing wrong, and that it did look.
func (b *tab) accessible() {
	b.Helper()
	found := b.checkAccess()
	for _, f := range slices.Concat(found.Violations, found.Incomplete) {
		b.Errorf("\t%s", f)
	}
	for _, rule := range []string{"color-contrast", "document-title", "html-has-lang", "landmark-one-main", "page-has-heading-one"} {
		if !slices.ContainsFunc(found.Passes, func(f finding) bool { return f.ID == rule }) {
			b.Errorf("nothing on the page passes %s", rule)
		}
	}
}

// looks are what the page is looked at in.
var looks = []struct {
	scheme string
	width  int64
}{{"light", 320}, {"light", 1280}, {"dark", 320}, {"dark", 1280}}

// refusal is a way to the maintenance page.
type refusal struct {
	name   string
	change sqlguard.Change
	reach  func(*tab, *site)
}

var refusals = []refusal{
	{"of a link", closed(), func(b *tab, s *site) { b.open(s.URL + "/confirm") }},
	{"of a form, with what was typed", closed(), func(b *tab, _ *site) {
		b.write("[name=comment]", typed)
		b.press("#send")
	}},
	{"of signing in", sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true}, func(b *tab, _ *site) {
		b.write("[name=name]", "grace")
		b.press("#log-in")
	}},
}

// open opens the maintenance page in a language.
func (r refusal) open(t *testing.T, language string) *tab {
	t.Helper()
	s := newSite(t)
	b := newTab(t)
	b.speak(language)
	b.open(s.URL)
	s.flip(t, r.change)
	r.reach(b, s)
	if lang := run[string](b, "document.documentElement.lang"); lang != language {
		t.Fatalf("the page is in %q, want %q", lang, language)
	}
	return b
}

func TestTheMaintenancePageIsForEverybody(t *testing.T) {
	for _, language := range []string{"en", "ar"} {
		for _, r := range refusals {
			t.Run(language+" "+r.name, func(t *testing.T) {
				b := r.open(t, language)
				if got, want := run[string](b, "getComputedStyle(document.body).direction"), map[string]string{"en": "ltr", "ar": "rtl"}[language]; got != want {
					t.Errorf("the text runs %s, want %s", got, want)
				}
				for _, look := range looks {
					t.Run(fmt.Sprintf("%s at %d px", look.scheme, look.width), func(t *testing.T) {
						b := b.as(t)
						b.look(look.scheme, look.width)
						b.accessible()
						if got := run[int64](b, "document.documentElement.scrollWidth"); got > look.width {
							t.Errorf("it is %d px wide, and has to be scrolled (WCAG 2.2, 1.4.10)", got)
						}
						cut := run[[]string](b, `Array.from(document.querySelectorAll("`+shown+`")).filter(e => e.scrollWidth > e.clientWidth).map(e => e.value)`)
						if len(cut) > 0 {
							t.Errorf("of %q only the beginnings are shown", cut)
						}
					})
				}
			})
		}
	}
}

func TestTheBannerIsForEverybody(t *testing.T) {
	s := newSite(t)
	b := newTab(t)
	s.flip(t, closed())
	b.open(s.URL)
	b.await(`document.querySelector("#quiesce-banner p")`)
	for _, look := range looks {
		t.Run(fmt.Sprintf("%s at %d px", look.scheme, look.width), func(t *testing.T) {
			b := b.as(t)
			b.look(look.scheme, look.width)
			b.accessible()
		})
	}
}

// What finds nothing wrong must be able to.
func TestAxeFindsWhatIsWrong(t *testing.T) {
	b := refusals[1].open(t, "en")
	run[bool](b, `document.documentElement.removeAttribute("lang"),
		document.querySelector("label").remove(), document.querySelector("h1").style.color = "#ccc", true`)
	b.look("light", 320)
	found := b.checkAccess()
	for _, rule := range []string{"html-has-lang", "label", "color-contrast"} {
		if !slices.ContainsFunc(found.Violations, func(f finding) bool { return f.ID == rule }) {
			t.Errorf("it does not miss what %s asks for", rule)
		}
	}
}
