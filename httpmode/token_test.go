package httpmode_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

var bypassKey = bytes.Repeat([]byte("k"), 32)

func sign(t testing.TB, key []byte, reason string, until time.Time) string {
	t.Helper()
	token, err := httpmode.SignBypass(key, reason, until)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// smokeSite is a site whose handler writes, and says what of a token it saw.
func smokeSite(t *testing.T, g *sqlguard.Guard) (*site, *httpmode.Middleware) {
	m := newMiddleware(t, httpmode.Config{
		Guard: g, BypassKey: bypassKey, Exempt: []string{"/exempt"}, LoginPaths: []string{"/login"}, KeepCookies: []string{"lang"},
	})
	return serve(t, m.Handler(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(httpmode.HeaderBypass) != "" || strings.Contains(fmt.Sprint(r.Header), httpmode.CookieBypass) {
			t.Error("the handler sees the token")
		}
		if err := write(r.Context(), g); err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "new"})
		fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Cookie"), r.Header.Get("Authorization"))
	})))), m
}

func TestASmokeTestWritesWithAToken(t *testing.T) {
	g := newGuard(t)
	var events []sqlguard.Event
	g.SetObserver(observer(func(e sqlguard.Event) { events = append(events, e) }))
	s, _ := smokeSite(t, g)
	s.client.Jar = nil
	token := sign(t, bypassKey, "smoke test", time.Now().Add(time.Hour))
	all := sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true}
	hold(t, g, all)
	for name, headers := range map[string][]string{
		"in a header":                   {"Quiesce-Bypass: " + token, "Cookie: session=1"},
		"in a cookie":                   {"Cookie: session=1; __Host-Quiesce-Bypass=" + token},
		"in a cookie among bad ones":    {"Cookie: __Host-Quiesce-Bypass=x; session=1; __Host-Quiesce-Bypass=" + token},
		"in a cookie beside a bad head": {"Quiesce-Bypass: x", "Cookie: session=1;__Host-Quiesce-Bypass=" + token},
	} {
		for _, path := range []string{"/", "/login", "/exempt"} {
			events = nil
			got := s.do(t, "POST", path, "a=b", append(headers, form, "Authorization: Bearer t")...)
			got.wantAnswer(t, 200, "POST session=1 Bearer t")
			if got.header.Get("Set-Cookie") != "session=new" || got.header.Get("Cache-Control") != "" {
				t.Errorf("%s: the answer is not left alone: %v", name, got.header)
			}
			if got.header.Get("Quiesce-Mode") != "read-only, anonymous, get-only" {
				t.Errorf("%s: Quiesce-Mode: %q", name, got.header.Get("Quiesce-Mode"))
			}
			if len(events) != 1 || events[0].Kind != sqlguard.Bypassed || events[0].Reason != "smoke test" {
				t.Errorf("%s: events %+v", name, events)
			}
		}
	}
}

type observer func(sqlguard.Event)

func (o observer) Observe(_ context.Context, e sqlguard.Event) {
	if e.Kind != sqlguard.Flipped {
		o(e)
	}
}

func TestATokenThatIsNotGoodIsNothing(t *testing.T) {
	g := newGuard(t)
	s, m := smokeSite(t, g)
	now := time.Now()
	good := sign(t, bypassKey, "smoke test", now.Add(time.Hour))
	blob, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	altered := func(i int) string {
		b := bytes.Clone(blob)
		b[(i+len(b))%len(b)] ^= 1
		return base64.RawURLEncoding.EncodeToString(b)
	}
	hold(t, g, readOnly)
	for name, token := range map[string]string{
		"of another key":        sign(t, bytes.Repeat([]byte("x"), 32), "smoke test", now.Add(time.Hour)),
		"of a longer key":       sign(t, append(bytes.Clone(bypassKey), 1), "smoke test", now.Add(time.Hour)),
		"with another end":      altered(7),
		"with another reason":   altered(9),
		"with another MAC":      altered(-1),
		"with another last bit": good[:len(good)-1] + string(good[len(good)-1]+1),
		"cut short":             good[:len(good)-1],
		"with a byte more":      good + "A",
		"spelt otherwise":       base64.URLEncoding.EncodeToString(blob) + "=",
		"in other letters":      strings.ToLower(good),
		"of nothing but a MAC":  base64.RawURLEncoding.EncodeToString(blob[len(blob)-32:]),
		"without a reason":      base64.RawURLEncoding.EncodeToString(append(blob[:8:8], blob[len(blob)-32:]...)),
		"much too long":         strings.Repeat("A", 100_000),
		"rubbish":               "\"; rm -rf",
		"empty":                 "",
	} {
		t.Run(name, func(t *testing.T) {
			s.do(t, "POST", "/", "", "Quiesce-Bypass: "+token).wantMaintenance(t, httpmode.CauseWrite)
			s.do(t, "POST", "/", "", "Cookie: __Host-Quiesce-Bypass="+token).wantMaintenance(t, httpmode.CauseWrite)
			got := s.do(t, "GET", "/", "", "Quiesce-Bypass: "+token, "Cookie: lang=de; __Host-Quiesce-Bypass="+token+"; a=b")
			got.wantMaintenance(t, httpmode.CauseWrite)
		})
	}
	t.Run("in the URL", func(t *testing.T) {
		s.do(t, "POST", "/?Quiesce-Bypass="+url.QueryEscape(good), "", form).wantMaintenance(t, httpmode.CauseWrite)
	})
	t.Run("once it has ended", func(t *testing.T) {
		m.SetClock(now.Add(time.Hour-2*time.Second), 0)
		if got := s.do(t, "POST", "/", "", "Quiesce-Bypass: "+good); got.status != 200 {
			t.Errorf("status %d before the end", got.status)
		}
		m.SetClock(now.Add(time.Hour), 0)
		s.do(t, "POST", "/", "", "Quiesce-Bypass: "+good).wantMaintenance(t, httpmode.CauseWrite)
		m.SetClock(now, 0)
	})
	t.Run("among more than are looked at", func(t *testing.T) {
		many := strings.Repeat("__Host-Quiesce-Bypass=x; ", 4) + "__Host-Quiesce-Bypass=" + good
		s.do(t, "POST", "/", "", "Cookie: "+many).wantMaintenance(t, httpmode.CauseWrite)
	})
	if text := s.complaints.String(); text != "" {
		t.Errorf("logged: %s", text)
	}
}

func TestATokenIsTakenFromARequestThatIsTreatedLikeAny(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	var got http.Header
	h := newMiddleware(t, httpmode.Config{Guard: g, BypassKey: bypassKey}).Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { got = r.Header }))
	for cookie, want := range map[string]string{
		"a=b; __Host-Quiesce-Bypass=x; c": "a=b; c", "__Host-Quiesce-Bypass=x": "", "a=b": "a=b",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Quiesce-Bypass", "x")
		h.ServeHTTP(httptest.NewRecorder(), r)
		if _, there := got["Quiesce-Bypass"]; there || got.Get("Cookie") != want {
			t.Errorf("%s: the handler sees %v", cookie, got)
		}
		if r.Header.Get("Quiesce-Bypass") != "x" || r.Header.Get("Cookie") != cookie {
			t.Errorf("%s: the caller's header became %v", cookie, r.Header)
		}
	}
}

func TestTheCallersRequestKeepsItsToken(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	token := sign(t, bypassKey, "smoke test", time.Now().Add(time.Hour))
	h := newMiddleware(t, httpmode.Config{Guard: g, BypassKey: bypassKey}).Handler(http.HandlerFunc(echo))
	values := []string{"x", "of another header"}
	r := httptest.NewRequest("POST", "/", nil)
	r.Header[httpmode.HeaderBypass] = values[:1]
	r.Header.Set("Cookie", httpmode.CookieBypass+"="+token)
	before := fmt.Sprint(r.Header)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 || fmt.Sprint(r.Header) != before || values[1] != "of another header" {
		t.Errorf("got %d, and the header became %v, %q", w.Code, r.Header, values)
	}
}

func TestWhatASmokeTestWritesHasItsRoute(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	var label string
	mux := http.NewServeMux()
	mux.HandleFunc("POST /talks/{id}", func(w http.ResponseWriter, r *http.Request) { label = sqlguard.LabelFrom(r.Context()) })
	r := httptest.NewRequest("POST", "/talks/17", nil)
	r.Header.Set(httpmode.HeaderBypass, sign(t, bypassKey, "smoke test", time.Now().Add(time.Hour)))
	newMiddleware(t, httpmode.Config{Guard: g, BypassKey: bypassKey}).Handler(mux).ServeHTTP(httptest.NewRecorder(), r)
	if label != "POST /talks/{id}" {
		t.Errorf("its label is %q", label)
	}
}

func TestWriteErrorAnswersForABypassedRequestToo(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g, BypassKey: bypassKey})
	s := serve(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// No bypass lifts what would change the connection for others.
		_, err := g.Decide(r.Context(), "sqlite", &sqlguard.Verdict{Class: sqlguard.Escape})
		if !m.WriteError(w, r, err) {
			t.Errorf("not answered: %v", err)
		}
	})))
	token := sign(t, bypassKey, "smoke test", time.Now().Add(time.Hour))
	s.do(t, "POST", "/", "", "Quiesce-Bypass: "+token).wantMaintenance(t, httpmode.CauseWrite)
}

func TestWithoutAKeyThereIsNoBypass(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(echo)))
	token := sign(t, bypassKey, "smoke test", time.Now().Add(time.Hour))
	s.do(t, "POST", "/", "", "Quiesce-Bypass: "+token).wantMaintenance(t, httpmode.CauseWrite)
}

func TestSignBypassSaysWhatIsWrong(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	for _, tt := range []struct {
		name, reason string
		key          []byte
		until        time.Time
		want         string
	}{
		{"a short key", "r", bypassKey[:31], soon, "at least 32"},
		{"no key", "r", nil, soon, "at least 32"},
		{"no reason", " \t", bypassKey, soon, "must have a reason"},
		{"a long reason", strings.Repeat("r", 201), bypassKey, soon, "at most 200 bytes"},
		{"a reason of two lines", "a\nb", bypassKey, soon, "printable"},
		{"a reason that is no text", "\xff", bypassKey, soon, "printable"},
		{"no end", "r", bypassKey, time.Time{}, "must end within"},
		{"an end that has passed", "r", bypassKey, time.Now(), "must end within"},
		{"an end too far off", "r", bypassKey, time.Now().Add(8 * 24 * time.Hour), "must end within 168h"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := httpmode.SignBypass(tt.key, tt.reason, tt.until)
			if err == nil || token != "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, %v; want an error that says %q", token, err, tt.want)
			}
		})
	}
	sign(t, bypassKey, strings.Repeat("r", 200), soon)
}

func TestTheBypassCookieIsKeptFromScriptsAndOtherSites(t *testing.T) {
	token := sign(t, bypassKey, "smoke test", time.Now().Add(time.Hour))
	c := httpmode.NewBypassCookie(token)
	if err := c.Valid(); err != nil {
		t.Fatal(err)
	}
	if want := "__Host-Quiesce-Bypass=" + token + "; Path=/; HttpOnly; Secure; SameSite=Strict"; c.String() != want {
		t.Errorf("got %s, want %s", c, want)
	}
	g := newGuard(t)
	s, _ := smokeSite(t, g)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.client.Jar.SetCookies(base, []*http.Cookie{c})
	hold(t, g, readOnly)
	s.do(t, "POST", "/", "").wantAnswer(t, 200, "POST  ")
}

// FuzzToken looks for a token that nobody signed.
func FuzzToken(f *testing.F) {
	f.Add(sign(f, bytes.Repeat([]byte("x"), 32), "smoke test", time.Now().Add(time.Hour)))
	f.Add(strings.Repeat("A", 60))
	f.Add("")
	g := newGuard(f)
	hold(f, g, readOnly)
	h := newMiddleware(f, httpmode.Config{Guard: g, BypassKey: bypassKey}).Handler(http.HandlerFunc(echo))
	f.Fuzz(func(t *testing.T, token string) {
		for name, value := range map[string]string{"Quiesce-Bypass": token, "Cookie": "a=b; __Host-Quiesce-Bypass=" + token} {
			r := httptest.NewRequest("POST", "/", nil)
			r.Header.Set(name, value)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s: %q lets a write through: %d", name, value, w.Code)
			}
		}
	})
}
