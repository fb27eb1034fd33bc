package integration

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/csrf"
	"github.com/justinas/nosurf"

	"github.com/quiescehq/quiesce/httpmode"
)

// What each library calls its cookie.
const (
	gorillaCookie = "_gorilla_csrf"
	nosurfCookie  = nosurf.CookieName
)

// byGorillaCSRF is a site whose forms gorilla/csrf protects.
func byGorillaCSRF(name string, keep ...string) stack {
	return stack{
		name:   name,
		config: httpmode.Config{KeepCookies: keep},
		token:  func(r *http.Request) (string, string) { return "gorilla.csrf.Token", csrf.Token(r) },
		build: func(a *app, m *httpmode.Middleware) http.Handler {
			protect := csrf.Protect([]byte(strings.Repeat("k", 32)), csrf.Path("/"))
			return m.Handler(protect(a.around(a.mux())))
		},
	}
}

// byNosurf is a site whose forms nosurf protects.
func byNosurf(name string, keep ...string) stack {
	return stack{
		name:   name,
		config: httpmode.Config{KeepCookies: keep},
		token:  func(r *http.Request) (string, string) { return nosurf.FormFieldName, nosurf.Token(r) },
		build: func(a *app, m *httpmode.Middleware) http.Handler {
			protected := nosurf.New(a.around(a.mux()))
			protected.SetBaseCookie(http.Cookie{Path: "/"})
			return m.Handler(protected)
		},
	}
}

// byOrigin is a site that asks where a form comes from.
func byOrigin(name string) stack {
	return stack{name: name, build: func(a *app, m *httpmode.Middleware) http.Handler {
		return m.Handler(http.NewCrossOriginProtection().Handler(a.around(a.mux())))
	}}
}

func TestCSRF(t *testing.T) {
	for _, s := range []stack{
		byGorillaCSRF("gorilla/csrf"),
		byGorillaCSRF("gorilla/csrf with its cookie kept", gorillaCookie),
		byNosurf("nosurf"),
		byNosurf("nosurf with its cookie kept", nosurfCookie),
		byOrigin("http.CrossOriginProtection"),
		{name: "http.CrossOriginProtection around the middleware", build: func(a *app, m *httpmode.Middleware) http.Handler {
			return http.NewCrossOriginProtection().Handler(m.Handler(a.around(a.mux())))
		}},
	} {
		s.journey(t)
	}
}

// A form that was loaded while everybody was a guest has a token for the cookie that
// came with it.
func TestFormLoadedInAnonymousModeWorksAfterwardsIfTheCookieOfItsTokenIsKept(t *testing.T) {
	for _, tt := range []struct {
		stack
		status int
	}{
		{byGorillaCSRF("gorilla/csrf, kept", gorillaCookie), 200},
		{byGorillaCSRF("gorilla/csrf, not kept"), 403},
		{byNosurf("nosurf, kept", nosurfCookie), 200},
		{byNosurf("nosurf, not kept"), 400},
		{byOrigin("http.CrossOriginProtection"), 200},
	} {
		for visit, logsIn := range map[string]bool{"a visitor who is logged in": true, "somebody who was never here": false} {
			t.Run(tt.name+" by "+visit, func(t *testing.T) {
				s := tt.serve(t, true)
				if logsIn {
					s.logIn(t)
				}
				s.flip(t, anonymous)
				loaded := s.get(t, "/comments").form()
				s.flip(t, off)
				if got := s.post(t, "/comments", loaded, "one"); got.StatusCode != tt.status {
					t.Errorf("got %d %.100q, want %d", got.StatusCode, got.body, tt.status)
				}
			})
		}
	}
}

// A form of another site becomes a GET as any, which no protection looks at: it
// carries nothing of what was asked for.
func TestForgedFormGainsNothing(t *testing.T) {
	for _, tt := range []struct {
		stack
		status int // with the mode off
	}{
		{byGorillaCSRF("gorilla/csrf"), 403},
		{byNosurf("nosurf"), 400},
		{byOrigin("http.CrossOriginProtection"), 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.serve(t, true)
			s.logIn(t)
			forge := func() reply {
				return s.post(t, "/comments", nil, "forged", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site")
			}
			if got := forge(); got.StatusCode != tt.status {
				t.Errorf("with the mode off: got %d, want %d", got.StatusCode, tt.status)
			}
			s.flip(t, readOnly)
			refused := forge()
			refused.wantsKindness(t, "in read-only mode", httpmode.CauseWrite)
			s.flip(t, getOnly)
			converted := forge()
			converted.wants(t, "in get-only mode", 200, "Nothing was saved.")
			for _, answer := range []reply{refused, converted} {
				if strings.Contains(answer.body, "forged") {
					t.Errorf("the answer has what was forged: %.400q", answer.body)
				}
			}
			s.flip(t, off)
			if got := s.saved(t); got != "" {
				t.Errorf("saved is %q", got)
			}
		})
	}
}
