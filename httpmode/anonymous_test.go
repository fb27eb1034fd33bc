package httpmode_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// accounts is a site with sessions as session managers keep them: whoever comes
// without one and touches it gets a fresh cookie, which takes the place of the
// old one in the browser.
func accounts() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "ada", Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "remember", Value: "ada", Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: "de", Path: "/"})
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		who := "guest"
		if c, err := r.Cookie("session"); err == nil {
			who = c.Value
		} else {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "guest", Path: "/"})
			http.SetCookie(w, &http.Cookie{Name: "remember", MaxAge: -1, Path: "/"})
			w.Header().Set("Clear-Site-Data", `"cookies"`)
		}
		lang, _ := r.Cookie("lang")
		fmt.Fprintf(w, "%s %v", who, lang)
	})
	return mux
}

func TestEverybodyLooksLoggedOutAndIsLoggedInAfterwards(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g, KeepCookies: []string{"lang"}})
	s := serve(t, m.Handler(accounts()))
	s.do(t, "POST", "/login", "", form)
	s.do(t, "GET", "/", "").wantAnswer(t, 200, "ada lang=de")
	hold(t, g, anonymous)
	got := s.do(t, "GET", "/", "")
	got.wantAnswer(t, 200, "guest lang=de")
	if got.header.Get("Set-Cookie") != "" || got.header.Get("Clear-Site-Data") != "" {
		t.Errorf("the answer changes who the visitor is: %v", got.header)
	}
	hold(t, g, sqlguard.Change{})
	s.do(t, "GET", "/", "").wantAnswer(t, 200, "ada lang=de")
}

func TestLogInSurvivesReadOnlyButNotAnonymousMode(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /login"}, LoginPaths: []string{"/login"}})
	s := serve(t, m.Handler(accounts()))
	for _, c := range []sqlguard.Change{readOnly, getOnly} {
		hold(t, g, c)
		s.client.Jar = nil
		if got := s.do(t, "POST", "/login", "", form); got.status != 303 || len(got.header["Set-Cookie"]) != 3 {
			t.Errorf("with %+v: log in answers %d %v", c, got.status, got.header)
		}
	}
	hold(t, g, anonymous)
	got := s.do(t, "POST", "/login", "", form)
	got.wantMaintenance(t, httpmode.CauseSignIn)
	if got.header.Get("Set-Cookie") != "" {
		t.Error("a cookie was set")
	}
}

func TestCredentialsAreRemoved(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{
		Guard: g, KeepCookies: []string{"csrf", "lang"}, Credentials: []string{"x-acme-token", "X-Acme-User-*", "X_Old_Token", "old_user_*"},
	})
	var got http.Header
	var info httpmode.Info
	s := serve(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, info = r.Header, httpmode.FromContext(r.Context())
	})))
	hold(t, g, anonymous)
	for _, tt := range []struct {
		send, name, want string
		stripped         bool
	}{
		{"Authorization: Bearer t", "Authorization", "", true},
		{"Proxy-Authorization: Basic t", "Proxy-Authorization", "", true},
		{"x-api-key: k", "X-Api-Key", "", true},
		{"X-Forwarded-User: ada", "X-Forwarded-User", "", true},
		{"X-Forwarded-Email: ada", "X-Forwarded-Email", "", true},
		{"X-Forwarded-Groups: a", "X-Forwarded-Groups", "", true},
		{"X-Forwarded-Preferred-Username: ada", "X-Forwarded-Preferred-Username", "", true},
		{"X-Forwarded-Access-Token: t", "X-Forwarded-Access-Token", "", true},
		{"X-Auth-Request-User: ada", "X-Auth-Request-User", "", true},
		{"X-Auth-Request-Anything: ada", "X-Auth-Request-Anything", "", true},
		{"X-Remote-User: ada", "X-Remote-User", "", true},
		{"Remote-User: ada", "Remote-User", "", true},
		{"X-Pomerium-Jwt-Assertion: t", "X-Pomerium-Jwt-Assertion", "", true},
		{"X-Vouch-User: ada", "X-Vouch-User", "", true},
		{"X-Authenticated-Userid: ada", "X-Authenticated-Userid", "", true},
		{"X-Consumer-Username: ada", "X-Consumer-Username", "", true},
		{"X-Serverless-Authorization: Bearer t", "X-Serverless-Authorization", "", true},
		{"X-Forwarded-Client-Cert: c", "X-Forwarded-Client-Cert", "", true},
		{"Client-Cert: c", "Client-Cert", "", true},
		{"X-SSL-Client-Verify: SUCCESS", "X-Ssl-Client-Verify", "", true},
		{"X-Forwarded-Roles: admin", "X-Forwarded-Roles", "", true},
		{"X-ARR-ClientCert: c", "X-Arr-Clientcert", "", true},
		{"X-Forwarded-Tls-Client-Cert-Info: c", "X-Forwarded-Tls-Client-Cert-Info", "", true},
		{"Private-Token: t", "Private-Token", "", true},
		{"X_Forwarded_User: ada", "X_forwarded_user", "", true},
		{"X-Auth_Request-User: ada", "X-Auth_request-User", "", true},
		{"X-Auth-Username: ada", "X-Auth-Username", "", true},
		{"X-Auth-Groups: a", "X-Auth-Groups", "", true},
		{"X-Forwarded-Authorization: Bearer t", "X-Forwarded-Authorization", "", true},
		{"X-Userinfo: t", "X-Userinfo", "", true},
		{"X-Apigateway-Api-Userinfo: t", "X-Apigateway-Api-Userinfo", "", true},
		{"Ocp-Apim-Subscription-Key: k", "Ocp-Apim-Subscription-Key", "", true},
		{"X-Client-Dn: CN=ada", "X-Client-Dn", "", true},
		{"X-Acme-Token: t", "X-Acme-Token", "", true},
		{"X_OLD_TOKEN: t", "X_old_token", "", true},
		{"X-Old-Token: t", "X-Old-Token", "", true},
		{"Old_User_Id: 1", "Old_user_id", "", true},
		{"Old-User-Id: 1", "Old-User-Id", "", true},
		{"X-Acme-User-Id: 1", "X-Acme-User-Id", "", true},
		{"X-Acme-Other: 1", "X-Acme-Other", "1", false},
		{"X-Forwarded-For: 192.0.2.1", "X-Forwarded-For", "192.0.2.1", false},
		{"X-Remote-Addr: 192.0.2.1", "X-Remote-Addr", "192.0.2.1", false},
		{"X-CSRF-Token: t", "X-Csrf-Token", "t", false},
		{"Cookie: session=1", "Cookie", "", true},
		{"Cookie: csrf=1; session=1; lang=de", "Cookie", "csrf=1; lang=de", true},
		{"Cookie: csrf=a=b;lang=\"d\"", "Cookie", "csrf=a=b; lang=\"d\"", false},
		{"Cookie: CSRF=1", "Cookie", "", true},
		{"Cookie: csrf=1; csrf=2", "Cookie", "csrf=1; csrf=2", false},
		{"Cookie: bare; =nameless; ; csrf=1", "Cookie", "csrf=1", true},
		{"Cookie: x=\"; session=1; y=\"", "Cookie", "", true},
		{"Cookie: csrf=\"a; session=1; b\"", "Cookie", "csrf=\"a", true},
		{"Cookie: $Version=1; csrf=1; $Path=/; session=2", "Cookie", "csrf=1", true},
		{"Cookie: csrf; session", "Cookie", "", true},
		{"Cookie: csrf=1;; ;;", "Cookie", "csrf=1", false},
		{"Cookie: \tcsrf =1;\tsession=2", "Cookie", "csrf =1", true},
		{"Cookie: \u00a0csrf=1", "Cookie", "", true},
		{"Cookie: =csrf=1", "Cookie", "", true},
	} {
		t.Run(tt.send, func(t *testing.T) {
			s.do(t, "GET", "/", "", tt.send)
			if values := strings.Join(got[tt.name], "|"); values != tt.want || info.Stripped != tt.stripped {
				t.Errorf("%s: %q, stripped %t; want %q, %t", tt.name, values, info.Stripped, tt.want, tt.stripped)
			}
		})
	}
	t.Run("several Cookie headers", func(t *testing.T) {
		s.do(t, "GET", "/", "", "Cookie: session=1", "Cookie: csrf=1; a=b")
		if strings.Join(got["Cookie"], "|") != "csrf=1" {
			t.Errorf("Cookie: %q", got["Cookie"])
		}
	})
	t.Run("a kept cookie beside a credential", func(t *testing.T) {
		for range 20 { // header maps come in any order
			s.do(t, "GET", "/", "", "Authorization: Bearer t", "Cookie: csrf=1")
			if !info.Stripped {
				t.Fatal("not stripped")
			}
		}
	})
	t.Run("validators of the signed-in page", func(t *testing.T) {
		s.do(t, "GET", "/", "", "Cookie: session=1", "If-None-Match: x", "If-Modified-Since: y")
		if got.Get("If-None-Match") != "" || got.Get("If-Modified-Since") != "" {
			t.Error("they reach the handler of a stripped request")
		}
		s.do(t, "GET", "/", "", "If-None-Match: x")
		if got.Get("If-None-Match") != "x" {
			t.Error("they are gone from a request that had no credentials")
		}
	})
}

func TestClientCertificatesAreRemoved(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	var inner, outer int
	var stripped, tlsKept bool
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner = len(r.TLS.PeerCertificates) + len(r.TLS.VerifiedChains)
		tlsKept = r.TLS.HandshakeComplete
		stripped = httpmode.FromContext(r.Context()).Stripped
	}))
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		outer = len(r.TLS.PeerCertificates)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	defer s.Close()
	client := s.Client()
	client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{clientCertificate(t)}
	resp, err := client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if inner != 0 || !stripped || !tlsKept {
		t.Errorf("the handler sees %d certificates, stripped %t, TLS state kept %t", inner, stripped, tlsKept)
	}
	if outer != 1 {
		t.Errorf("outside of the middleware there are %d certificates, want 1: the shared state was changed", outer)
	}
}

func clientCertificate(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestNobodyIsAskedToSignInAgain(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	m := newMiddleware(t, httpmode.Config{Guard: g, LoginPaths: []string{"/login", "sso.example.com/"}})
	var status int
	var location string
	s := serve(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		if name, value, found := strings.Cut(location, ": "); found {
			w.Header().Set(name, value)
		} else if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
	})))
	const cookie = "Cookie: session=1"
	for _, tt := range []struct {
		name     string
		status   int
		location string
		header   string
		mapped   bool
	}{
		{"a 401 after stripping", 401, "", cookie, true},
		{"a 401 after stripping a token", 401, "", "Authorization: Bearer t", true},
		{"a 401 of a visitor's own", 401, "", "X-A: b", false},
		{"a 407 after stripping", 407, "", "Proxy-Authorization: Basic t", true},
		{"a 403", 403, "", cookie, false},
		{"a redirect to log in", 302, "/login?next=/", cookie, true},
		{"a relative one", 303, "../login", cookie, true},
		{"one with our host", 307, "https://example.com/login", cookie, true},
		{"one to the provider", 302, "https://sso.example.com/authorize?x", cookie, true},
		{"one of a visitor's own", 302, "/login", "X-A: b", false},
		{"a redirect elsewhere", 302, "/loginx", cookie, false},
		{"a 201 with a location", 201, "/login", cookie, false},
		{"one of htmx", 200, "HX-Redirect: /login", cookie, true},
		{"another of htmx", 204, "HX-Location: /login", cookie, true},
		{"a third of htmx", 200, `HX-Location: {"path":"/login?next=/", "target":"#main"}`, cookie, true},
		{"a third of htmx to elsewhere", 200, `HX-Location: {"path":"/loginx", "target":"/login"}`, cookie, false},
		{"a malformed one of htmx", 200, `HX-Location: {"path":`, cookie, false},
		{"one of htmx to elsewhere", 200, "HX-Redirect: /", cookie, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, location = tt.status, tt.location
			got := s.do(t, "GET", "/a/b", "", tt.header)
			if tt.mapped {
				got.wantMaintenance(t, httpmode.CauseSignIn)
			} else if got.status != tt.status || got.header.Get("Location") != tt.location && !strings.HasPrefix(tt.location, "HX-") {
				t.Errorf("got %d to %q", got.status, got.header.Get("Location"))
			}
			if got.header.Get("WWW-Authenticate") != "" {
				t.Error("WWW-Authenticate came through")
			}
		})
	}
}

func TestMalformedRedirectIsNobodysLogIn(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	h := newMiddleware(t, httpmode.Config{Guard: g, LoginPaths: []string{"/"}}).Handler(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://[::")
			w.WriteHeader(http.StatusFound)
		}))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "session=1")
	h.ServeHTTP(w, r)
	if w.Code != http.StatusFound {
		t.Errorf("status %d, want the handler's 302", w.Code)
	}
}

func TestCachesAreToldOnlyWhereCredentialsWereRemoved(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g, KeepCookies: []string{"lang"}}).Handler(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for name, value := range cached {
				w.Header().Set(name, value)
			}
			fmt.Fprint(w, "page")
		})))
	got := s.do(t, "GET", "/", "", "Cookie: session=1").header
	for name := range cached {
		want := map[string]string{"Cache-Control": "private, no-store", "Vary": "Accept, cookie"}[name]
		if got.Get(name) != want {
			t.Errorf("stripped: %s: %q, want %q", name, got.Get(name), want)
		}
	}
	if vary := got["Vary"]; !slices.Equal(vary, []string{"Accept, cookie", "Authorization"}) {
		t.Errorf("stripped: Vary: %q", vary)
	}
	for _, header := range []string{"X-A: b", "Cookie: lang=de"} {
		got = s.do(t, "GET", "/", "", header).header
		for name, want := range cached {
			if got.Get(name) != want {
				t.Errorf("nothing stripped: %s: %q, want %q", name, got.Get(name), want)
			}
		}
	}
}

var cached = map[string]string{
	"Cache-Control": "public, max-age=60", "CDN-Cache-Control": "max-age=60", "Surrogate-Control": "max-age=60",
	"Expires": "Thu, 01 Dec 2044 16:00:00 GMT", "ETag": `"1"`, "Last-Modified": "Thu, 01 Dec 1994 16:00:00 GMT",
	"Vary": "Accept, cookie",
}

func TestKeptCookiesAreSet(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g, KeepCookies: []string{"csrf"}}).Handler(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, c := range []string{"session=1; Path=/", "csrf=a=b; Path=/", "csrf2=x", "malformed", "csrf =c"} {
				w.Header().Add("Set-Cookie", c)
			}
		})))
	s.client.Jar = nil
	if got := s.do(t, "GET", "/", "").header["Set-Cookie"]; !slices.Equal(got, []string{"csrf=a=b; Path=/", "csrf =c"}) {
		t.Errorf("Set-Cookie: %q", got)
	}
}

func TestAnonymizeHook(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g, Anonymize: func(r *http.Request) *http.Request {
		if r.Header.Get("Cookie") != "" {
			t.Error("it sees the cookie")
		}
		if r.URL.Path == "/nil" {
			return nil
		}
		r.Header.Set("X-Anonymized", "1")
		return r
	}})
	s := serve(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("X-Anonymized"))
	})))
	hold(t, g, readOnly)
	s.do(t, "GET", "/nil", "").wantAnswer(t, 200, "")
	hold(t, g, anonymous)
	s.do(t, "GET", "/", "", "Cookie: session=1").wantAnswer(t, 200, "1")
	s.do(t, "GET", "/nil", "").wantMaintenance(t, httpmode.CauseSignIn)
}

func TestWhatTheHookRemovesCountsAsCredentials(t *testing.T) {
	type userKey struct{}
	g := newGuard(t)
	hold(t, g, anonymous)
	inner := newMiddleware(t, httpmode.Config{Guard: g, Anonymize: func(r *http.Request) *http.Request {
		if r.Context().Value(userKey{}) == nil {
			return r
		}
		return r.WithContext(context.WithValue(r.Context(), userKey{}, nil))
	}}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		if r.Context().Value(userKey{}) != nil {
			t.Error("the handler sees who it is")
		}
		if r.URL.Path == "/account" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprint(w, httpmode.FromContext(r.Context()).Stripped)
	}))
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user := r.URL.Query().Get("as"); user != "" {
			r = r.WithContext(context.WithValue(r.Context(), userKey{}, user))
		}
		inner.ServeHTTP(w, r)
	}))
	s.do(t, "GET", "/account?as=ada", "").wantMaintenance(t, httpmode.CauseSignIn)
	s.do(t, "GET", "/account", "").wantAnswer(t, 401, "false")
	for path, want := range map[string]string{"/?as=ada": "private, no-store", "/": "public, max-age=60"} {
		got := s.do(t, "GET", path, "")
		got.wantAnswer(t, 200, fmt.Sprint(path != "/"))
		if control := got.header.Get("Cache-Control"); control != want {
			t.Errorf("%s: Cache-Control: %q, want %q", path, control, want)
		}
	}
}
