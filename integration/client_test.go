package integration

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// The changes that the tests ask for.
var (
	off       = sqlguard.Change{}
	readOnly  = sqlguard.Change{Mode: sqlguard.ReadOnly}
	anonymous = sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true}
	getOnly   = sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true}
)

// site is a stack on a TLS server, and a browser that looks at it.
type site struct {
	*httptest.Server
	app    *app
	guard  *sqlguard.Guard
	mode   *httpmode.Middleware
	client *http.Client
}

// start serves a handler by HTTP/2, or by HTTP/1.
func start(t *testing.T, http2 bool, configure func(*http.Server), s *site, h http.Handler) *site {
	t.Helper()
	s.Server = httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = http2
	if configure != nil {
		configure(s.Config)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.client = s.Client()
	s.client.Jar = jar
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s
}

// flip changes the mode.
func (s *site) flip(t *testing.T, c sqlguard.Change) {
	t.Helper()
	if err := s.guard.Hold("test", c); err != nil {
		t.Fatal(err)
	}
}

// reply is an answer as the browser got it.
type reply struct {
	*http.Response
	body string
}

// do sends a request as a browser does; headers are "Name: value".
func (s *site) do(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	usual := []string{"Accept: text/html,*/*;q=0.8", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: same-origin"}
	if body != "" {
		usual = append(usual, "Content-Type: application/x-www-form-urlencoded", "Origin: "+s.URL)
	}
	for _, h := range append(usual, headers...) {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp, string(text)}
}

func (s *site) get(t *testing.T, path string) reply {
	t.Helper()
	return s.do(t, "GET", path, "")
}

// post sends a form that was opened before, with a text in it.
func (s *site) post(t *testing.T, path string, form url.Values, text string, headers ...string) reply {
	t.Helper()
	filled := url.Values{"text": {text}}
	for name, values := range form {
		if name != "text" {
			filled[name] = values
		}
	}
	return s.do(t, "POST", path, filled.Encode(), headers...)
}

// logIn logs in as Ada.
func (s *site) logIn(t *testing.T) {
	t.Helper()
	form := s.get(t, "/comments").form()
	form.Set("user", "ada")
	s.do(t, "POST", "/login", form.Encode()).wants(t, "logging in", 200, "welcome")
}

var input = regexp.MustCompile(`<input [^>]*name="([^"]*)" value="([^"]*)"`)

// form returns the fields of the form in a page.
func (r reply) form() url.Values {
	fields := url.Values{}
	for _, match := range input.FindAllStringSubmatch(r.body, -1) {
		fields.Add(html.UnescapeString(match[1]), html.UnescapeString(match[2]))
	}
	return fields
}

// wants checks an answer that is the site's own.
func (r reply) wants(t *testing.T, what string, status int, text string) {
	t.Helper()
	if r.StatusCode != status || !strings.Contains(r.body, text) {
		t.Errorf("%s: got %d %.200q, want %d with %q", what, r.StatusCode, r.body, status, text)
	}
}

// wantsKindness checks a maintenance answer.
func (r reply) wantsKindness(t *testing.T, what string, cause httpmode.Cause) {
	t.Helper()
	r.wants(t, what, http.StatusServiceUnavailable, httpmode.Code)
	if signIn := strings.Contains(r.body, "<title>Signing in is paused"); signIn != (cause == httpmode.CauseSignIn) {
		t.Errorf("%s: the cause is not %s: %.400q", what, cause, r.body)
	}
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("%s: Cache-Control is %q", what, got)
	}
	if r.Header.Get(httpmode.HeaderMode) == "" || strings.Contains(r.body, "broken") {
		t.Errorf("%s: %v %.200q", what, r.Header, r.body)
	}
}

// cookies returns what the browser would send.
func (s *site) cookies(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, c := range s.client.Jar.Cookies(u) {
		list = append(list, c.String())
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}

// saved returns what is in the database.
func (s *site) saved(t *testing.T) string {
	t.Helper()
	var all string
	if err := s.app.db.QueryRow("SELECT coalesce(group_concat(author || ':' || text), '') FROM comments").Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}
