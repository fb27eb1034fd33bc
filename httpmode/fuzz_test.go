package httpmode_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// FuzzRequest sends any request through all modes at once: whatever it is, no
// handler sees an unsafe method, identity, or anything of a form.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "/a", "application/x-www-form-urlencoded", "text/html", "session=1; csrf=2", "Cookie", "x", "a=b")
	f.Add("GET", "//verify/x", "multipart/form-data; boundary=x", "*/*;q=0.1", ";;=;csrf", "X-Auth-Request-User", "ada", "")
	f.Add("PROPFIND", "/%2e%2e/%zz", ";;", ",,", "csrf=\"a;b\"", "X-Http-Method", "PUT", "x")
	g := newGuard(f)
	hold(f, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true})
	m := newMiddleware(f, httpmode.Config{
		Guard: g, KeepCookies: []string{"csrf"}, Writes: []string{"GET /verify/{token}"}, LoginPaths: []string{"/login"},
	})
	f.Fuzz(func(t *testing.T, method, path, contentType, accept, cookie, name, value, body string) {
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		u, err := url.ParseRequestURI(path)
		if err != nil || name == "" {
			t.Skip("net/http would not let this request in")
		}
		r.Method, r.URL = method, u
		r.Header = http.Header{"Content-Type": {contentType}, "Accept": {accept}, "Cookie": {cookie}}
		r.Header.Add(name, value)
		h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
			switch in.Method {
			case "GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "QUERY", "":
			default:
				t.Errorf("the handler sees method %q", in.Method)
			}
			for _, c := range in.Cookies() {
				if c.Name != "csrf" {
					t.Errorf("the handler sees cookie %q", c.Name)
				}
			}
			if in.Header.Get("Authorization") != "" || in.Header.Get("X-Auth-Request-User") != "" {
				t.Errorf("the handler sees identity: %v", in.Header)
			}
			if httpmode.FromContext(in.Context()).Converted {
				if in.ContentLength != 0 || in.Body != http.NoBody || in.Header.Get("Content-Type") != "" {
					t.Error("the handler sees something of the form")
				}
			}
			w.Header().Set("Set-Cookie", "session=1")
			w.WriteHeader(http.StatusUnauthorized)
		}))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Set-Cookie") != "" {
			t.Error("a cookie came through")
		}
		if w.Code != 503 && w.Code != 401 {
			t.Errorf("status %d", w.Code)
		}
	})
}

// FuzzAnswer checks that no message gets out of its place.
func FuzzAnswer(f *testing.F) {
	f.Add("<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "de, en;q=0.5")
	f.Add("a\r\nSet-Cookie: a=b\u2028\x00\xff", "</title></style>", "*")
	g := newGuard(f)
	f.Fuzz(func(t *testing.T, message, site, language string) {
		page := func(message, site string) (string, int) {
			hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Message: message})
			w := refuse(t, newMiddleware(t, httpmode.Config{Guard: g, SiteName: site}), "POST", "Accept: text/html", "Accept-Language: "+language)
			return w.Body.String(), strings.Count(w.Body.String(), "<") * strings.Count(w.Body.String(), ">")
		}
		if len(message) > 2048 || message == "" || site == "" {
			t.Skip("a message that a guard does not take, or that is not shown")
		}
		got, tags := page(message, site)
		if _, want := page("x", "y"); tags != want {
			t.Errorf("the message changed the page's tags: %s", got)
		}
		hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Message: message})
		m := newMiddleware(t, httpmode.Config{Guard: g})
		if w := refuse(t, m, "POST", "Accept: application/json"); !json.Valid(w.Body.Bytes()) {
			t.Errorf("not JSON: %s", w.Body)
		}
		w := refuse(t, m, "POST", "HX-Request: true")
		trigger := w.Header().Get("HX-Trigger")
		if !json.Valid([]byte(trigger)) || strings.ContainsFunc(trigger, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("HX-Trigger: %q", trigger)
		}
	})
}
