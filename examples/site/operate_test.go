package main

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
)

func TestThePanelAnnouncesAWindowAndThenOpensIt(t *testing.T) {
	site := start(t, newDatabase(t))
	v, visitor := operator(t, site.url), loggedIn(t, site.url)
	form := v.formToken()
	v.wantStatus(http.StatusSeeOther, v.post("/control", "form", form, "preset", "announce", "begins", "60", "minutes", "90", "message", "We move tonight."))
	s := site.guard.State()
	if begins, ends := time.Until(s.Announced), time.Until(s.Until); begins < 59*time.Minute || begins > time.Hour || ends < 89*time.Minute {
		t.Errorf("it begins in %s, and ends in %s", begins, ends)
	}
	page := visitor.get("/")
	visitor.wantText("This site will be read-only for a while.</strong> We move tonight.", page)
	visitor.wantText("in about 60 minutes.", page)
	visitor.wantStatus(http.StatusSeeOther, visitor.post("/talks/1", "comment", "Still open"))
	panel := v.get("/control")
	v.wantText(`name="begins" value="60"`, panel)
	v.wantText("read-only is announced for", panel)
	v.wantStatus(http.StatusSeeOther, v.post("/control", "form", form, "mode", "off", "begins", "60", "minutes", "90", "message", "We move soon."))
	visitor.wantText("This site will be read-only for a while.</strong> We move soon.", visitor.get("/"))

	v.wantStatus(http.StatusSeeOther, v.post("/control", "form", form, "preset", "read-only", "begins", "60"))
	visitor.wantNoText("will be read-only", visitor.get("/"))
	v.wantStatus(http.StatusSeeOther, v.post("/control", "form", form, "preset", "off", "begins", "60"))
	visitor.wantText(emptyBanner, visitor.get("/")) // the announcement does not come back
}

const nothingOpen = "Nothing that began before can be committed any more."

func TestThePanelSaysWhatCanStillBeCommitted(t *testing.T) {
	site := start(t, newDatabase(t))
	v := operator(t, site.url)
	form := v.formToken()
	a := v.post("/control/drain", "form", form)
	v.wantStatus(http.StatusUnprocessableEntity, a) // with the mode off everything can
	v.wantNoText(nothingOpen, a)
	v.wantNoText(nothingOpen, v.get("/control"))

	tx, err := openGuarded(t, site.db, site.guard).db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("DELETE FROM stars"); err != nil {
		t.Fatal(err)
	}
	site.hold(t, readOnly)
	a = v.post("/control/drain", "form", form)
	v.wantStatus(http.StatusOK, a)
	v.wantText("Still open, so not over yet: transaction, last DELETE (stars)", a)
	v.wantNoText(nothingOpen, a)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	v.wantText(nothingOpen, v.post("/control/drain", "form", form))
}

var smokeTestToken = regexp.MustCompile(`<span id="smoke-test">([^<]+)</span>`)

func TestASmokeTestWritesWhileNobodyElseCan(t *testing.T) {
	site := start(t, newDatabase(t))
	ada, v := loggedIn(t, site.url), operator(t, site.url)
	site.hold(t, readOnly)
	match := smokeTestToken.FindStringSubmatch(v.post("/control/smoke-test", "form", v.formToken()).body)
	if match == nil {
		t.Fatal("the panel shows no token")
	}
	comment := func(token string) answer {
		r := ada.request(http.MethodPost, "/talks/1", "comment", "It works")
		r.Header.Set(httpmode.HeaderBypass, token)
		return ada.send(r)
	}
	ada.wantStatus(http.StatusServiceUnavailable, comment(match[1]+"x"))
	ada.wantStatus(http.StatusSeeOther, comment(match[1]))
	ada.wantText("It works", ada.get("/talks/1"))
	if counts := site.guard.Counts(); counts.Bypassed == 0 {
		t.Errorf("counts: %+v", counts)
	}
}

func TestOnlyOperatorsDrainAndGetTokens(t *testing.T) {
	site := start(t, newDatabase(t))
	site.hold(t, readOnly)
	ada := loggedIn(t, site.url)
	v := operator(t, site.url)
	for _, path := range []string{"/control/drain", "/control/smoke-test"} {
		for _, v := range []*visitor{ada, v} { // an operator's browser, without the form's token
			a := v.post(path)
			v.wantStatus(http.StatusForbidden, a)
			v.wantNoText("smoke-test", a)
			v.wantNoText(nothingOpen, a)
		}
	}
}

func TestThePanelShowsWhatObserveModeSaw(t *testing.T) {
	site := start(t, newDatabase(t))
	ada, v := loggedIn(t, site.url), operator(t, site.url)
	v.wantNoText("What observe mode saw", v.get("/control"))
	site.hold(t, observe)
	ada.wantStatus(http.StatusSeeOther, ada.post("/talks/1", "comment", "Hello"))
	v.wantText("<li>1 × POST /talks/{id}: <code>INSERT INTO comments", v.get("/control"))
}
