package integration

import (
	_ "embed"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

//go:embed testdata/dom.js
var domScript string

// now is what time it is in dom.js.
var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// browser is a page with the banner script, of a site whose mode the guard is.
type browser struct {
	*goja.Runtime
	guard  *sqlguard.Guard
	status *httpmode.Middleware
}

// newBrowser opens a page; prepare is run before the script.
func newBrowser(t *testing.T, prepare string) *browser {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	status, err := httpmode.New(httpmode.Config{Guard: guard})
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{goja.New(), guard, status}
	w := httptest.NewRecorder()
	httpmode.BannerHandler().ServeHTTP(w, httptest.NewRequest("GET", "/banner.js", nil))
	b.run(t, domScript)
	b.run(t, prepare)
	b.run(t, w.Body.String())
	return b
}

// run runs a script, and returns what its last expression is.
func (b *browser) run(t *testing.T, script string) any {
	t.Helper()
	v, err := b.RunString(script)
	if err != nil {
		t.Fatal(err)
	}
	return v.Export()
}

// flip changes the mode, and returns what the status endpoint says then.
func (b *browser) flip(t *testing.T, c sqlguard.Change) string {
	t.Helper()
	if err := b.guard.Hold("test", c); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	b.status.StatusHandler().ServeHTTP(w, httptest.NewRequest("GET", "/status", nil))
	return w.Body.String()
}

// call calls a function of dom.js.
func (b *browser) call(t *testing.T, function string, arguments ...any) any {
	t.Helper()
	text, err := json.Marshal(append([]any{}, arguments...)) // never null
	if err != nil {
		t.Fatal(err)
	}
	return b.run(t, function+"(..."+string(text)+")")
}

// text returns what the banner says.
func (b *browser) text(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(b.run(t, "banner().textContent").(string))
}

func TestBannerShowsWhatVisitorsAreToKnow(t *testing.T) {
	soon, later := now.Add(time.Hour), now.Add(2*time.Hour)
	const closed, guest = "This site is read-only for now.", "Signing in is paused."
	for _, tt := range []struct {
		name   string
		change sqlguard.Change
		want   string
	}{
		{"nothing while the mode is off", sqlguard.Change{}, ""},
		{"nothing of a rehearsal", sqlguard.Change{Mode: sqlguard.Observe, Message: "rehearsal", Until: soon}, ""},
		{"that the site is read-only", sqlguard.Change{Mode: sqlguard.ReadOnly}, closed},
		{"what the operators say", sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "Moving."}, closed + " Moving."},
		{"until when", sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "Moving.", Until: soon},
			closed + " Moving. Expected end: en medium short 11:00."},
		{"no end that has passed", sqlguard.Change{Mode: sqlguard.ReadOnly, Until: now.Add(-time.Hour)}, closed},
		{"that forms do nothing", sqlguard.Change{GetOnly: true}, closed},
		{"that everybody is a guest", sqlguard.Change{Anonymous: true}, guest},
		{"the stricter of two", sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true}, closed},
		{"what is announced", sqlguard.Change{Announced: soon, Until: later, Message: "Moving."},
			"Read-only from en medium short 11:00. Moving. Expected end: en medium short 12:00."},
		{"what is announced during a rehearsal", sqlguard.Change{Mode: sqlguard.Observe, Announced: soon},
			"Read-only from en medium short 11:00."},
		{"what is announced and late", sqlguard.Change{Announced: now.Add(-time.Minute)}, "Read-only from en medium short 09:59."},
		{"nothing announced that should be over", sqlguard.Change{Announced: now.Add(-2 * time.Hour), Until: now.Add(-time.Hour)}, ""},
		{"what is in force before what is announced", sqlguard.Change{Anonymous: true, Announced: soon}, guest},
		{"a message as text", sqlguard.Change{Mode: sqlguard.ReadOnly, Message: `<img src=x onerror=alert(1)>`},
			closed + " <img src=x onerror=alert(1)>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, "")
			b.call(t, "tell", b.flip(t, tt.change))
			if got := b.text(t); got != tt.want {
				t.Errorf("the banner says %q, want %q", got, tt.want)
			}
			b.call(t, "tell", b.flip(t, sqlguard.Change{By: "nobody"}))
			if got := b.run(t, "banner().nodes.length"); got != int64(0) {
				t.Errorf("afterwards %v elements of it are left", got)
			}
		})
	}
}

func TestBannerStandsAtTheTopAndCoversNothing(t *testing.T) {
	b := newBrowser(t, "")
	b.call(t, "tell", b.flip(t, sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "Moving."}))
	for script, want := range map[string]any{
		"document.body.nodes[0] === banner()":            true,
		"banner().attributes.role":                       "status",
		"banner().nodes[0].style.position === undefined": true,
		"banner().all().map(e => e.tag).join()":          "p,bdi,bdi",
	} {
		if got := b.run(t, script); got != want {
			t.Errorf("%s is %v, want %v", script, got, want)
		}
	}
}

func TestBannerUsesThePlaceThatThePageHasForIt(t *testing.T) {
	b := newBrowser(t, `
		const place = new Element('aside')
		place.id = 'quiesce-banner'
		place.append('what the server rendered')
		document.body.append(place)`)
	b.call(t, "tell", b.flip(t, sqlguard.Change{}))
	if got := b.text(t); got != "" || b.run(t, "document.body.nodes.length") != int64(2) {
		t.Errorf("the place has %q, and the body %v elements", got, b.run(t, "document.body.nodes.length"))
	}
}

// A module, as bundlers make one of a copy, does not know its own element.
func TestBannerInAModuleHasItsOwnTexts(t *testing.T) {
	b := newBrowser(t, "document.currentScript = null")
	b.call(t, "tell", b.flip(t, sqlguard.Change{Mode: sqlguard.ReadOnly}))
	if got := b.text(t); got != "This site is read-only for now." || b.run(t, "sources[0].url") != "/status" {
		t.Errorf("the banner says %q, and listens to %v", got, b.run(t, "sources[0].url"))
	}
}

// A live region that is written again is read out again.
func TestBannerIsWrittenOnlyWhenItChanges(t *testing.T) {
	b := newBrowser(t, "")
	for range 3 {
		b.call(t, "tell", b.flip(t, sqlguard.Change{Mode: sqlguard.ReadOnly}))
	}
	if got := b.run(t, "banner().changes"); got != int64(1) {
		t.Errorf("it was written %v times, want once", got)
	}
}

func TestBannerSpeaksThePagesLanguage(t *testing.T) {
	change := sqlguard.Change{Announced: now.Add(time.Hour), Until: now.Add(2 * time.Hour)}
	for _, tt := range []struct{ name, prepare, want string }{
		{"by its texts", `document.documentElement.lang = 'de'
			Object.assign(document.currentScript.dataset, { soon: 'Ab {time} nur lesen.', end: 'Bis {time}.' })`,
			"Ab de medium short 11:00 nur lesen. Bis de medium short 12:00."},
		{"or the browser's where the page names none", `document.documentElement.lang = ''`,
			"Read-only from undefined medium short 11:00. Expected end: undefined medium short 12:00."},
		{"or a malformed one", `document.documentElement.lang = 'en_US'`,
			"Read-only from undefined medium short 11:00. Expected end: undefined medium short 12:00."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, tt.prepare)
			b.call(t, "tell", b.flip(t, change))
			if got := b.text(t); got != tt.want {
				t.Errorf("the banner says %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBannerAsksNowAndThenWhereThereAreNoEvents(t *testing.T) {
	b := newBrowser(t, "document.currentScript.dataset.status = '/healthz/mode'")
	if got := b.run(t, "sources[0].url"); got != "/healthz/mode" {
		t.Errorf("it listens to %v", got)
	}
	b.call(t, "lose", false)
	if got := b.run(t, "asked.length"); got != int64(0) {
		t.Error("it asks although the browser connects again by itself")
	}
	b.call(t, "lose", true)
	b.call(t, "answer", 200, b.flip(t, sqlguard.Change{Mode: sqlguard.ReadOnly}))
	const closed = "This site is read-only for now."
	if got := b.text(t); got != closed || b.run(t, "asked[0].url") != "/healthz/mode" {
		t.Errorf("the banner says %q, having asked %v", got, b.run(t, "asked[0].url"))
	}
	var waits []any
	for range 6 {
		waits = append(waits, b.call(t, "fire"))
		b.call(t, "answer", 502, `{"mode":"off"}`)
	}
	waits = append(waits, b.call(t, "fire"))
	b.call(t, "answer", 200, "<html>")
	if got := b.text(t); got != closed {
		t.Errorf("answers that are none changed the banner to %q", got)
	}
	waits = append(waits, b.call(t, "fire"))
	b.call(t, "answer", 200, b.flip(t, sqlguard.Change{}))
	waits = append(waits, b.call(t, "fire"))
	const want = "[30000,60000,120000,240000,480000,600000,600000,600000,30000]"
	if got, _ := json.Marshal(waits); string(got) != want {
		t.Errorf("it waited %s, want %s", got, want)
	}
	if got := b.text(t); got != "" {
		t.Errorf("the mode is off, and the banner says %q", got)
	}
}

// Browsers open six connections to a host by HTTP/1.1: forgotten tabs must not hold them.
func TestBannerOfAHiddenPageHoldsNoConnection(t *testing.T) {
	b := newBrowser(t, "document.hidden = true")
	if got := b.run(t, "sources.length"); got != int64(0) {
		t.Error("a page that was opened in the background listens")
	}
	b.call(t, "hide", false)
	b.call(t, "hide", true)
	if got := b.run(t, "sources.map(s => s.readyState).join()"); got != "2" {
		t.Errorf("of a page that was hidden the connections are %v, want 2, closed", got)
	}
	b.call(t, "hide", false)
	b.call(t, "lose", true)
	b.call(t, "hide", true)
	b.call(t, "answer", 200, b.flip(t, sqlguard.Change{Mode: sqlguard.ReadOnly}))
	inFlight := b.run(t, "timers.size")
	b.call(t, "hide", false)
	b.call(t, "lose", true)
	b.call(t, "answer", 200, b.flip(t, sqlguard.Change{}))
	b.call(t, "hide", true)
	if waiting := b.run(t, "timers.size"); inFlight != int64(0) || waiting != int64(0) {
		t.Errorf("hidden while it asks, or while it waits, a page goes on by %v and %v timers", inFlight, waiting)
	}
	b.call(t, "hide", false)
	b.call(t, "tell", b.flip(t, sqlguard.Change{Anonymous: true}))
	if got := b.text(t); got != "Signing in is paused." {
		t.Errorf("looked at again the page says %q", got)
	}
}

func TestBannerAsksByOneTimerAtMost(t *testing.T) {
	b := newBrowser(t, "")
	state := b.flip(t, sqlguard.Change{Mode: sqlguard.ReadOnly})
	b.call(t, "lose", true)
	b.call(t, "hide", true)
	b.call(t, "hide", false)
	b.call(t, "answer", 200, state)
	if got := b.run(t, "timers.size"); got != int64(0) {
		t.Errorf("it asks beside the events, by %v timers", got)
	}
	b.call(t, "lose", true) // asks
	b.call(t, "hide", true)
	b.call(t, "hide", false)
	b.call(t, "lose", true) // asks again
	b.call(t, "answer", 200, state)
	b.run(t, "asked.pop()")
	b.call(t, "answer", 200, state)
	if got := b.run(t, "timers.size"); got != int64(1) {
		t.Errorf("it asks by %v timers, want one", got)
	}
}
