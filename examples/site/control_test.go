package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

var formToken = regexp.MustCompile(`name="form" value="([^"]+)"`)

// formToken returns the token of the panel's forms.
func (v *visitor) formToken() string {
	v.t.Helper()
	match := formToken.FindStringSubmatch(v.get("/control").body)
	if match == nil {
		v.t.Fatal("the panel shows no form")
	}
	return match[1]
}

func TestThePanelFlipsEveryPresetInEveryMode(t *testing.T) {
	site := start(t, newFile(t))
	v := operator(t, site.url)
	form := v.formToken()
	for _, from := range presets {
		for _, to := range presets {
			t.Run("from "+from.Name+" to "+to.Name, func(t *testing.T) {
				if err := site.guard.Hold(panelHold, from.change); err != nil {
					t.Fatal(err)
				}
				v.wantStatus(http.StatusSeeOther, v.post("/control", "form", form, "preset", to.Name, "reason", "R", "message", "M", "begins", "60"))
				s := site.guard.State()
				if s.Mode != to.change.Mode || s.Anonymous != to.change.Anonymous || s.GetOnly != to.change.GetOnly {
					t.Fatalf("the guard is in %s", describe(s))
				}
				if s.Announced.IsZero() == to.announces {
					t.Errorf("announced: %s", s.Announced)
				}
				if (s.On() || to.announces) && (s.Reason != "R" || s.Message != "M") {
					t.Errorf("reason %q, message %q", s.Reason, s.Message)
				}
				v.wantText(`<p class="big">`+describe(s)+`</p>`, v.get("/control"))
			})
		}
	}
}

func TestThePanelFlipsWhatIsChosenByHand(t *testing.T) {
	site := start(t, newFile(t))
	v := operator(t, site.url)
	form := v.formToken()
	v.wantStatus(http.StatusSeeOther, v.post("/control", "form", form,
		"mode", "observe", "anonymous", "on", "get-only", "on", "minutes", "30"))
	s := site.guard.State()
	if s.Mode != sqlguard.Observe || !s.Anonymous || !s.GetOnly {
		t.Errorf("the guard is in %s", describe(s))
	}
	if left := time.Until(s.Until); left < 29*time.Minute || left > 30*time.Minute {
		t.Errorf("the end is in %s", left)
	}
	panel := v.get("/control")
	v.wantText(`value="observe" checked`, panel)
	v.wantText(`name="anonymous" checked`, panel)
	v.wantText(`value="30"`, panel)

	v.wantStatus(http.StatusSeeOther, v.post("/control", "form", form, "mode", "off"))
	if holds := site.guard.State().Holds; len(holds) != 0 {
		t.Errorf("off leaves holds: %v", holds)
	}
}

func TestThePanelRefusesWhatItDoesNotUnderstand(t *testing.T) {
	site := start(t, newFile(t))
	v := operator(t, site.url)
	form := v.formToken()
	for name, fields := range map[string][]string{
		"an unknown preset":           {"preset", "everything"},
		"an unknown mode":             {"mode", "closed"},
		"no mode":                     {},
		"minutes that are no number":  {"mode", "read-only", "minutes", "soon"},
		"no beginning to announce":    {"preset", "announce"},
		"a beginning that is no time": {"preset", "announce", "begins", "tonight"},
		"an end before the beginning": {"preset", "announce", "begins", "60", "minutes", "30"},
		"no minutes":                  {"mode", "read-only", "minutes", "0"},
		"too many minutes":            {"mode", "read-only", "minutes", "99999999999999999999"},
		"a minute more than a week":   {"mode", "read-only", "minutes", "10081"},
		"a message too long":          {"mode", "read-only", "message", strings.Repeat("m", 3000)},
	} {
		t.Run(name, func(t *testing.T) {
			a := v.post("/control", append(fields, "form", form, "reason", "typed <text>")...)
			v.wantStatus(http.StatusUnprocessableEntity, a)
			v.wantText(`role="alert">Nothing has been changed`, a)
			v.wantText("typed &lt;text&gt;", a)
			if s := site.guard.State(); s.On() || s.Epoch != 0 {
				t.Errorf("the guard is in %s", describe(s))
			}
		})
	}
}

func TestOffIsOffWhateverElseIsTyped(t *testing.T) {
	site := start(t, newFile(t))
	v := operator(t, site.url)
	form := v.formToken()
	for _, fields := range [][]string{{"preset", "off"}, {"mode", "off"}} {
		if err := site.guard.Hold(panelHold, readOnly); err != nil {
			t.Fatal(err)
		}
		v.wantStatus(http.StatusSeeOther, v.post("/control", append(fields, "form", form, "minutes", "soon", "message", strings.Repeat("m", 3000))...))
		if s := site.guard.State(); s.On() {
			t.Errorf("%v: the guard is in %s", fields, describe(s))
		}
	}
}

func TestBlanksAreNoMessage(t *testing.T) {
	site := start(t, newFile(t))
	v := operator(t, site.url)
	v.wantStatus(http.StatusSeeOther, v.post("/control", "form", v.formToken(), "preset", "read-only", "message", " \t", "reason", " R ", "minutes", " 5 "))
	if s := site.guard.State(); s.Message != "" || s.Reason != "R" || s.Until.IsZero() {
		t.Errorf("message %q, reason %q, until %s", s.Message, s.Reason, s.Until)
	}
}

func TestThePanelAsksForTheToken(t *testing.T) {
	site := start(t, newDatabase(t))
	stranger := newVisitor(t, site.url)
	stranger.wantText(`name="token"`, stranger.get("/control"))
	ada := loggedIn(t, site.url) // the site's own log in is no key to it
	for _, v := range []*visitor{stranger, ada} {
		for _, path := range []string{"/control", "/control/release", "/control/leave"} {
			v.wantStatus(http.StatusForbidden, v.post(path, "preset", "read-only", "hold", "environment"))
		}
		v.wantNoText("Who asks for what", v.get("/control"))
	}
	a := stranger.post("/control/enter", "token", "not "+testToken)
	stranger.wantStatus(http.StatusForbidden, a)
	if len(a.Cookies()) > 0 {
		t.Error("a wrong token is given a cookie")
	}
	if s := site.guard.State(); s.On() {
		t.Errorf("the guard is in %s", describe(s))
	}
}

func TestThePanelsCookieStaysWhereItBelongs(t *testing.T) {
	site := start(t, newFile(t))
	a := newVisitor(t, site.url).post("/control/enter", "token", testToken)
	if len(a.Cookies()) != 1 {
		t.Fatalf("%d cookies", len(a.Cookies()))
	}
	c := a.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/control" || c.MaxAge != 15*60 {
		t.Errorf("the cookie is %s", strings.ReplaceAll(c.String(), c.Value, "…"))
	}
}

func TestThePanelTakesNoCookieButItsOwn(t *testing.T) {
	e := newEntry(testToken)
	now := time.Now()
	good := e.cookies.sign("ID", now.Add(time.Minute))
	other := newEntry(testToken)
	for name, test := range map[string]struct {
		value string
		want  bool
	}{
		"its own":                        {good, true},
		"its own, but expired":           {e.cookies.sign("ID", now.Add(-time.Second)), false},
		"one that is signed as form":     {e.forms.sign("ID", now.Add(time.Minute)), false},
		"another process's":              {other.cookies.sign("ID", now.Add(time.Minute)), false},
		"its own, for another":           {"X" + good, false},
		"its own, cut":                   {good[:len(good)-1], false},
		"its own, for longer":            {strings.Replace(good, ".1", ".9", 1), false},
		"an empty one":                   {"", false},
		"dots":                           {"..", false},
		"a signature of nothing at all":  {"." + e.cookies.mac(""), false},
		"a payload without an end in it": {"ID." + e.cookies.mac("ID"), false},
	} {
		r, err := http.NewRequest(http.MethodGet, "/control", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: controlCookie, Value: test.value})
		if got := e.admit(r).allowed; got != test.want {
			t.Errorf("%s: allowed is %t", name, got)
		}
	}
}

func TestThePanelsFormNeedsItsToken(t *testing.T) {
	site := start(t, newFile(t))
	v := operator(t, site.url)
	another := operator(t, site.url).formToken()
	for name, form := range map[string]string{"none": "", "a wrong one": "x", "another session's": another} {
		for _, path := range []string{"/control", "/control/release", "/control/leave"} {
			a := v.post(path, "form", form, "preset", "read-only", "hold", panelHold)
			if a.StatusCode != http.StatusForbidden {
				t.Errorf("%s, %s: status %d", path, name, a.StatusCode)
			}
		}
	}
	if s := site.guard.State(); s.On() {
		t.Errorf("the guard is in %s", describe(s))
	}
}

func TestFormsOfOtherSitesAreRefusedInEveryMode(t *testing.T) {
	site := start(t, newDatabase(t))
	v := operator(t, site.url)
	form := v.formToken()
	v.wantStatus(http.StatusSeeOther, v.post("/login", "login", "ada", "password", demoPassword))
	for _, change := range []sqlguard.Change{off, observe, readOnly, anonymous, getOnly} {
		site.hold(t, change)
		before, epoch := dump(t, site.db), site.guard.State().Epoch
		for name, headers := range map[string]map[string]string{
			"by origin":         {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": ""},
			"by fetch metadata": {"Sec-Fetch-Site": "cross-site"},
			"of another port":   {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
		} {
			for _, path := range []string{"/control", "/control/enter", "/control/release", "/control/leave", "/talks/1", "/talks/1/star", "/propose", "/login", "/logout"} {
				r := v.request(http.MethodPost, path, "form", form, "preset", "anonymous", "token", testToken,
					"comment", "Forged", "star", "on", "title", "Forged", "abstract", "Forged", "hold", "test")
				for name, value := range headers {
					r.Header.Set(name, value)
				}
				if a := v.send(r); a.StatusCode != http.StatusForbidden {
					t.Errorf("%s, %s, %s: status %d", describeChange(change), name, path, a.StatusCode)
				}
			}
		}
		if dump(t, site.db) != before || site.guard.State().Epoch != epoch {
			t.Errorf("%s: a forged form has changed something", describeChange(change))
		}
	}
}

func TestAScriptUsesTheTokenAsBearer(t *testing.T) {
	site := start(t, newFile(t))
	v := newVisitor(t, site.url)
	r := v.request(http.MethodPost, "/control", "preset", "get-only")
	r.Header.Set("Authorization", "Bearer "+testToken)
	v.wantStatus(http.StatusSeeOther, v.send(r))
	if s := site.guard.State(); !s.GetOnly {
		t.Errorf("the guard is in %s", describe(s))
	}
	r = v.request(http.MethodPost, "/control", "preset", "off")
	r.Header.Set("Authorization", "Bearer wrong")
	v.wantStatus(http.StatusForbidden, v.send(r))
	if s := site.guard.State(); !s.GetOnly {
		t.Errorf("the guard is in %s", describe(s))
	}
}

func TestGuessingTheTokenIsSlow(t *testing.T) {
	site := start(t, newFile(t))
	inside := operator(t, site.url)
	v := newVisitor(t, site.url)
	for i := range maxGuesses {
		a := v.post("/control/enter", "token", fmt.Sprint("guess ", i))
		v.wantStatus(http.StatusForbidden, a)
	}
	a := v.post("/control/enter", "token", testToken)
	v.wantStatus(http.StatusTooManyRequests, a)
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	r := v.request(http.MethodPost, "/control", "preset", "off")
	r.Header.Set("Authorization", "Bearer "+testToken)
	v.wantStatus(http.StatusTooManyRequests, v.send(r))
	inside.wantText("Who asks for what", inside.get("/control")) // who is in stays in
}

func TestTheThrottleCountsAddressesApart(t *testing.T) {
	var h throttle
	now := time.Now()
	try := func(address string, after time.Duration, right bool) (bool, time.Duration) {
		return h.try(address, now.Add(after), func() bool { return right })
	}
	for range maxGuesses {
		if ok, wait := try("guesser", 0, false); ok || wait != 0 {
			t.Fatalf("a wrong guess: %t, %s", ok, wait)
		}
	}
	if ok, wait := try("guesser", 20*time.Second, true); ok || wait != 40*time.Second {
		t.Errorf("one guess too many: %t, %s", ok, wait)
	}
	if ok, _ := try("operator", 20*time.Second, true); !ok {
		t.Error("somebody else's guesses lock the operator out")
	}
	if ok, _ := try("guesser", guessWindow, true); !ok {
		t.Error("still locked when the minute is over")
	}
	for i := range maxGuessers + 50 {
		try(fmt.Sprint(i), time.Duration(i)*time.Millisecond, false)
	}
	if len(h.guessers) > maxGuessers {
		t.Errorf("%d addresses are remembered", len(h.guessers))
	}
}

func TestThePanelOffersToReleaseTheEnvironmentsHold(t *testing.T) {
	site := start(t, newFile(t))
	v := operator(t, site.url)
	v.wantNoText("The environment asks for a mode of its own", v.get("/control"))
	if err := site.guard.Hold(sqlguard.EnvironmentHold, readOnly); err != nil {
		t.Fatal(err)
	}
	site.hold(t, observe)
	v.wantText("The environment asks for a mode of its own", v.get("/control"))
	form := v.formToken()

	v.wantStatus(http.StatusSeeOther, v.post("/control", "form", form, "preset", "off"))
	if !site.guard.On() {
		t.Fatal("the panel's off has released the environment's hold")
	}
	v.wantStatus(http.StatusUnprocessableEntity, v.post("/control/release", "form", form, "hold", "test"))
	v.wantStatus(http.StatusSeeOther, v.post("/control/release", "form", form, "hold", sqlguard.EnvironmentHold))
	if s := site.guard.State(); s.Mode != sqlguard.Observe || len(s.Holds) != 1 {
		t.Errorf("the guard is in %s, held by %v", describe(s), s.Holds)
	}
}

func TestLeavingThePanelEndsItsCookie(t *testing.T) {
	site := start(t, newFile(t))
	v := operator(t, site.url)
	v.wantStatus(http.StatusSeeOther, v.post("/control/leave", "form", v.formToken()))
	v.wantText(`name="token"`, v.get("/control"))
	base, err := url.Parse(site.url + "/control")
	if err != nil {
		t.Fatal(err)
	}
	if cookies := v.client.Jar.Cookies(base); len(cookies) > 0 {
		t.Errorf("%d cookies are left", len(cookies))
	}
}

func TestThePanelShowsHoldersAndCounts(t *testing.T) {
	site := start(t, newDatabase(t))
	site.hold(t, sqlguard.Change{Mode: sqlguard.ReadOnly, Reason: "INC-2041"})
	newVisitor(t, site.url).get("/talks/1")
	v := operator(t, site.url)
	panel := v.get("/control")
	v.wantText(`<th scope="row">test</th><td>read-only</td><td>INC-2041</td>`, panel)
	v.wantText("<dt>Skipped</dt><dd>1</dd>", panel)
	if cache := panel.Header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("Cache-Control is %q", cache)
	}
}
