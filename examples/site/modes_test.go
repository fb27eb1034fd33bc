package main

import (
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

var (
	off       = sqlguard.Change{}
	observe   = sqlguard.Change{Mode: sqlguard.Observe}
	readOnly  = sqlguard.Change{Mode: sqlguard.ReadOnly}
	anonymous = sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true}
	getOnly   = sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true}
	both      = sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true}
)

func (r *running) hold(t *testing.T, c sqlguard.Change) {
	t.Helper()
	if err := r.guard.Hold("test", c); err != nil {
		t.Fatal(err)
	}
}

func TestEveryRouteAnswersInEveryModeAsItShould(t *testing.T) {
	site := start(t, newDatabase(t))
	columns := []sqlguard.Change{off, observe, readOnly, anonymous, getOnly, both}
	// Of whoever is logged in as ada. The order matters: the last one logs out.
	for _, route := range []struct {
		method, path string
		form         []string
		want         [6]int // as columns
	}{
		{"GET", "/", nil, [6]int{200, 200, 200, 200, 200, 200}},
		{"GET", "/talks/1", nil, [6]int{200, 200, 200, 200, 200, 200}},
		{"GET", "/talks/99", nil, [6]int{404, 404, 404, 404, 404, 404}},
		{"GET", "/nothing", nil, [6]int{404, 404, 404, 404, 404, 404}},
		{"GET", "/style.css", nil, [6]int{200, 200, 200, 200, 200, 200}},
		{"GET", "/healthz", nil, [6]int{200, 200, 200, 200, 200, 200}},
		{"GET", "/status", nil, [6]int{200, 200, 200, 200, 200, 200}},
		{"GET", "/banner.js", nil, [6]int{200, 200, 200, 200, 200, 200}},
		{"GET", "/login", nil, [6]int{200, 200, 200, 200, 200, 200}},
		// Whoever is logged in would be sent to log in: anonymous mode says why not.
		{"GET", "/propose", nil, [6]int{200, 200, 200, 503, 200, 503}},
		// In get-only mode the page of the form comes back, if it has one.
		{"POST", "/talks/1", []string{"comment", "Hello"}, [6]int{303, 303, 503, 503, 200, 200}},
		{"POST", "/talks/4/star", []string{"star", "on"}, [6]int{303, 303, 503, 503, 503, 503}},
		{"POST", "/propose", []string{"title", "T", "abstract", "A"}, [6]int{303, 303, 503, 503, 200, 503}},
		{"POST", "/login", []string{"login", "ada", "password", demoPassword}, [6]int{303, 303, 303, 503, 303, 503}},
		{"GET", "/control", nil, [6]int{200, 200, 200, 200, 200, 200}},
		{"POST", "/control/enter", []string{"token", testToken}, [6]int{303, 303, 303, 303, 303, 303}},
		{"POST", "/logout", nil, [6]int{303, 303, 303, 503, 303, 503}},
	} {
		for i, change := range columns {
			t.Run(fmt.Sprintf("%s %s, %s", route.method, route.path, describe(sqlguard.State{
				Mode: change.Mode, Anonymous: change.Anonymous, GetOnly: change.GetOnly,
			})), func(t *testing.T) {
				site.hold(t, off)
				v := loggedIn(t, site.url)
				site.hold(t, change)
				before := dump(t, site.db)
				v.wantStatus(route.want[i], v.send(v.request(route.method, route.path, route.form...)))
				if change.Mode == sqlguard.ReadOnly && dump(t, site.db) != before {
					t.Errorf("the database has changed:\n%s\nwas\n%s", dump(t, site.db), before)
				}
			})
		}
	}
}

func TestAWriteWorksAgainRightAfterTheMode(t *testing.T) {
	site := start(t, newDatabase(t))
	v := loggedIn(t, site.url)
	for _, change := range []sqlguard.Change{readOnly, anonymous, getOnly, both} {
		site.hold(t, change)
		if a := v.post("/talks/2", "comment", "During "+describeChange(change)); a.StatusCode == http.StatusSeeOther {
			t.Fatalf("%s: the comment was accepted", describeChange(change))
		}
		site.guard.Release("test")
		v.wantStatus(http.StatusSeeOther, v.post("/talks/2", "comment", "After "+describeChange(change)))
		page := v.get("/talks/2")
		v.wantText("After "+describeChange(change), page)
		v.wantNoText("During", page)
	}
}

func describeChange(c sqlguard.Change) string {
	return describe(sqlguard.State{Mode: c.Mode, Anonymous: c.Anonymous, GetOnly: c.GetOnly})
}

func TestTheViewCounterCountsAndIsSkipped(t *testing.T) {
	site := start(t, newDatabase(t))
	v := newVisitor(t, site.url)
	v.wantText(">1 view<", v.get("/talks/3"))
	v.wantText(">2 views<", v.get("/talks/3"))

	site.hold(t, readOnly)
	before := site.guard.Counts()
	v.wantText(">2 views<", v.get("/talks/3"))
	v.wantText(">2 views<", v.get("/talks/3"))
	after := site.guard.Counts()
	if after.Skipped-before.Skipped != 2 || after.Rejected != before.Rejected {
		t.Errorf("counts went from %+v to %+v, want two more skipped", before, after)
	}

	site.hold(t, observe)
	v.wantText(">3 views<", v.get("/talks/3"))
	if observed := site.guard.Counts().Observed; observed != 1 {
		t.Errorf("%d statements observed, want 1", observed)
	}
	site.hold(t, off)
	v.wantText(">4 views<", v.get("/talks/3"))
}

func TestLogInWritesNothingWhileReadOnly(t *testing.T) {
	site := start(t, newDatabase(t))
	site.hold(t, readOnly)
	before := dump(t, site.db)
	v := loggedIn(t, site.url)
	v.wantText("Ada", v.get("/"))
	if skipped := site.guard.Counts().Skipped; skipped != 1 {
		t.Errorf("%d statements skipped, want the one that notes last seen", skipped)
	}
	if dump(t, site.db) != before {
		t.Error("the database has changed")
	}
	site.hold(t, off)
	loggedIn(t, site.url)
	if dump(t, site.db) == before {
		t.Error("last seen was not noted with the mode off")
	}
}

func TestAnonymousLogsNobodyOut(t *testing.T) {
	site := start(t, newDatabase(t))
	v := loggedIn(t, site.url)
	site.hold(t, anonymous)
	for _, path := range []string{"/", "/talks/1", "/login", "/propose"} {
		a := v.get(path)
		v.wantNoText("Log out", a)
		if cookies := a.Header["Set-Cookie"]; len(cookies) > 0 {
			t.Errorf("%s sets cookies", path)
		}
	}
	v.wantText("You appear logged out for now", v.get("/"))
	a := v.post("/logout")
	v.wantStatus(http.StatusServiceUnavailable, a)
	if cookies := a.Header["Set-Cookie"]; len(cookies) > 0 {
		t.Error("/logout sets cookies")
	}
	newVisitor(t, site.url).wantNoText("You appear logged out", newVisitor(t, site.url).get("/"))
	site.guard.Release("test")
	v.wantText("Log out", v.get("/"))
}

func TestGetOnlySaysWhatBecameOfTheForm(t *testing.T) {
	site := start(t, newDatabase(t))
	v := loggedIn(t, site.url)
	site.hold(t, getOnly)
	a := v.post("/talks/1", "comment", "Typed <for> an hour")
	v.wantText("What you sent was not saved.</strong> Here it is:", a)
	v.wantText(`<p class="text">Typed &lt;for&gt; an hour</p>`, a)
	if cache := a.Header.Get("Cache-Control"); !strings.Contains(cache, "no-store") {
		t.Errorf("what was typed may be kept: Cache-Control: %s", cache)
	}
	v.wantNoText("What you sent was not saved", v.get("/talks/1"))

	site.guard.Release("test") // and now the button of that page
	v.wantStatus(http.StatusSeeOther, v.sendAgain(a))
	v.wantText(`<p class="text">Typed &lt;for&gt; an hour</p>`, v.get("/talks/1"))
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
var shownField = regexp.MustCompile(`<input id="[^"]*" name="([^"]*)" value="([^"]*)"`)

// sendAgain posts the form that a page gives back, to where the page came from.
func (v *visitor) sendAgain(page answer) answer {
	v.t.Helper()
	if !strings.Contains(strings.ToLower(page.body), "send again") {
		v.t.Fatalf("no button to send it again in\n%s", page.body)
	}
	var fields []string
	for _, pattern := range []*regexp.Regexp{hiddenField, shownField} {
		for _, field := range pattern.FindAllStringSubmatch(page.body, -1) {
			fields = append(fields, html.UnescapeString(field[1]), html.UnescapeString(field[2]))
		}
	}
	return v.post(page.Request.URL.Path, fields...)
}

func TestARefusedCommentIsSentAgainFromItsPage(t *testing.T) {
	site := start(t, newDatabase(t))
	v := loggedIn(t, site.url)
	site.hold(t, readOnly)
	refused := v.post("/talks/1", "comment", "Typed <for> an hour")
	v.wantStatus(http.StatusServiceUnavailable, refused)
	v.wantStatus(http.StatusServiceUnavailable, v.sendAgain(refused))
	site.guard.Release("test")
	v.wantStatus(http.StatusSeeOther, v.sendAgain(refused))
	v.wantText(`<p class="text">Typed &lt;for&gt; an hour</p>`, v.get("/talks/1"))
}

// emptyBanner is the place of a banner, where there is nothing to say.
const emptyBanner = `role="status"></div>`

func TestTheBannerSaysWhatOperatorsTellThePublicAndNothingElse(t *testing.T) {
	site := start(t, newDatabase(t))
	v := loggedIn(t, site.url)
	v.wantText(emptyBanner, v.get("/"))

	site.hold(t, observe)
	v.wantText(emptyBanner, v.get("/"))

	site.hold(t, sqlguard.Change{
		Mode: sqlguard.ReadOnly, Message: "We <move> today.", Reason: "INC-2041 disk", By: "kofi",
		Until: time.Now().Add(90 * time.Minute),
	})
	for _, path := range []string{"/", "/talks/1", "/talks/99", "/propose", "/login"} {
		a := v.get(path)
		v.wantText("<strong>This site is read-only for now.", a)
		v.wantNoText(emptyBanner, a)
		v.wantText("We &lt;move&gt; today.", a)
		v.wantText("in about 90 minutes.", a)
	}
	for _, path := range []string{"/", "/status"} {
		a := v.get(path)
		v.wantNoText("INC-2041", a)
		v.wantNoText("kofi", a)
		if mode := a.Header.Get(httpmode.HeaderMode); mode != "read-only" {
			t.Errorf("%s: %s is %q", path, httpmode.HeaderMode, mode)
		}
	}
	v.wantNoText("INC-2041", v.post("/talks/1", "comment", "Hello"))
}

func TestTheBannerSaysWhatIsAnnounced(t *testing.T) {
	site := start(t, newDatabase(t))
	v := loggedIn(t, site.url)
	soon := sqlguard.Change{Message: "We move tonight.", Announced: time.Now().Add(90 * time.Minute), Until: time.Now().Add(5 * time.Hour)}
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.Observe} {
		soon.Mode = mode
		site.hold(t, soon)
		a := v.get("/talks/1")
		v.wantText("This site will be read-only for a while.</strong> We move tonight.", a)
		v.wantText("in about 90 minutes.", a)
		v.wantText("in about 5 hours.", a)
		v.wantStatus(http.StatusSeeOther, v.post("/talks/1", "comment", "Not yet"))
		v.wantText("read-only is announced for", operator(t, site.url).get("/control"))
	}
	site.hold(t, readOnly)
	v.wantNoText("will be read-only", v.get("/talks/1"))
}

func TestARefusedCommentGetsAFriendlyAnswer(t *testing.T) {
	site := start(t, newDatabase(t))
	v := loggedIn(t, site.url)
	site.hold(t, readOnly)
	page := v.post("/talks/1", "comment", "Hello")
	v.wantStatus(http.StatusServiceUnavailable, page)
	v.wantText("Nothing you typed is lost", page)
	v.wantText("Stillwater", page)

	r := v.request(http.MethodPost, "/talks/1", "comment", "Hello")
	r.Header.Set("Accept", "application/json")
	problem := v.send(r)
	v.wantStatus(http.StatusServiceUnavailable, problem)
	if ct := problem.Header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("content type %q", ct)
	}
	v.wantText(`"code":"read_only_mode"`, problem)
}

// The middleware refuses forms before a handler runs. Should a write get past
// it, the pool refuses.
func TestThePoolRefusesWhatTheMiddlewareDoesNotSee(t *testing.T) {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	path := newDatabase(t)
	s := openGuarded(t, path, guard)
	before := dump(t, path)
	if err := guard.Hold("test", readOnly); err != nil {
		t.Fatal(err)
	}
	_, proposed := s.propose(t.Context(), talk{Title: "T", Speaker: "S", Abstract: "A"})
	for name, err := range map[string]error{
		"comment": s.comment(t.Context(), 1, 1, "Hello"),
		"star":    s.star(t.Context(), 4, 1, true),
		"unstar":  s.star(t.Context(), 1, 1, false),
		"propose": proposed,
	} {
		if !errors.Is(err, sqlguard.ErrReadOnly) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	if dump(t, path) != before {
		t.Error("the database has changed")
	}
}

func TestAHandlerThatReturnsARefusalAnswersWithTheMaintenancePage(t *testing.T) {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	modes, err := httpmode.New(modesConfig(guard, nil))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{modes: modes, log: slog.New(slog.DiscardHandler)}
	h := s.handler(func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("add comment: %w", &sqlguard.BlockedError{Mode: sqlguard.ReadOnly})
	})
	for name, h := range map[string]http.Handler{"inside": modes.Handler(h), "outside of the middleware": h} {
		r := httptest.NewRequest(http.MethodPost, "/talks/1", strings.NewReader(""))
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "Nothing you typed is lost") {
			t.Errorf("%s: %d\n%s", name, w.Code, w.Body)
		}
	}
}
