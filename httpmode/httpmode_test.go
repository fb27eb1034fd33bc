package httpmode_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// The changes that most tests ask for.
var (
	readOnly  = sqlguard.Change{Mode: sqlguard.ReadOnly}
	observe   = sqlguard.Change{Mode: sqlguard.Observe}
	anonymous = sqlguard.Change{Anonymous: true}
	getOnly   = sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true}
)

func newGuard(t testing.TB) *sqlguard.Guard {
	t.Helper()
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func hold(t testing.TB, g *sqlguard.Guard, c sqlguard.Change) {
	t.Helper()
	if err := g.Hold("test", c); err != nil {
		t.Fatal(err)
	}
}

func newMiddleware(t testing.TB, cfg httpmode.Config) *httpmode.Middleware {
	t.Helper()
	m, err := httpmode.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// write runs a statement as a guarded driver does.
func write(ctx context.Context, g *sqlguard.Guard) error {
	_, err := g.Decide(ctx, "sqlite", &sqlguard.Verdict{
		Class: sqlguard.Write, Op: sqlguard.OpInsert, Complete: true,
		Tables: []sqlguard.Table{{Name: "comment"}},
	})
	return err
}

// site is a TLS server with a client that has a cookie jar.
type site struct {
	*httptest.Server
	client *http.Client
	// complaints are what net/http has to say about the handlers.
	complaints *logBuffer
}

type logBuffer struct {
	sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.Lock()
	defer b.Unlock()
	return b.text.String()
}

func serve(t testing.TB, h http.Handler) *site { return serveBy(t, true, h) }

// serveBy serves by HTTP/2, or by HTTP/1, whose writers have more interfaces.
func serveBy(t testing.TB, http2 bool, h http.Handler) *site {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = http2
	var complaints logBuffer
	s.Config.ErrorLog = log.New(&complaints, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := s.Client()
	client.Jar = jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &site{Server: s, client: client, complaints: &complaints}
}

// reply is an answer as the client got it.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request; headers are "Name: value".
func (s *site) do(t testing.TB, method, path, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// wantMaintenance checks what every maintenance answer has.
func (r reply) wantMaintenance(t testing.TB, cause httpmode.Cause) {
	t.Helper()
	if r.status != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503; body: %s", r.status, r.body)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Language": "en",
		"Allow": "", "Location": "",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.header.Get(httpmode.HeaderMode) == "" {
		t.Errorf("no %s header", httpmode.HeaderMode)
	}
	if signIn := strings.Contains(r.body, "Signing in is paused"); signIn != (cause == httpmode.CauseSignIn) {
		t.Errorf("cause is not %s; body: %s", cause, r.body)
	}
	if !strings.Contains(r.body, httpmode.Code) {
		t.Errorf("body without the code %s: %s", httpmode.Code, r.body)
	}
}

// wantAnswer checks that the handler's own answer came through.
func (r reply) wantAnswer(t testing.TB, status int, body string) {
	t.Helper()
	if r.status != status || r.body != body {
		t.Errorf("got %d %q, want %d %q", r.status, r.body, status, body)
	}
}

const form = "Content-Type: application/x-www-form-urlencoded"
