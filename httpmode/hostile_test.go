package httpmode_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// dial opens a TLS connection, which ends by itself should the server keep silent.
func (s *site) dial(t testing.TB) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{
		RootCAs: s.client.Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// raw sends bytes as they are, and returns the first answer.
func (s *site) raw(t testing.TB, request string) reply {
	t.Helper()
	conn := s.dial(t)
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return readReply(t, bufio.NewReader(conn))
}

func readReply(t testing.TB, r *bufio.Reader) reply {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

// everything is all modes at once.
var everything = sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true}

// hostileSite is a site in all modes at once; its handler says so if it sees what it must not.
func hostileSite(t *testing.T, cfg httpmode.Config) *site {
	g := newGuard(t)
	hold(t, g, everything)
	cfg.Guard, cfg.KeepCookies = g, []string{"csrf"}
	return serveBy(t, false, newMiddleware(t, cfg).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if r.Method != "GET" && r.Method != "HEAD" || len(body) > 0 || err != nil {
			t.Errorf("the handler sees %s with %q, %v", r.Method, body, err)
		}
		for name := range r.Header {
			switch strings.ToLower(strings.ReplaceAll(name, "_", "-")) {
			case "authorization", "x-forwarded-user", "x-api-key", "x-http-method-override", "x-http-method", "x-method-override":
				t.Errorf("the handler sees %s", name)
			}
		}
		for _, c := range r.Cookies() {
			if c.Name != "csrf" {
				t.Errorf("the handler sees the cookie %s", c.Name)
			}
		}
		fmt.Fprint(w, "page")
	})))
}

func TestAHostileClientGainsNothing(t *testing.T) {
	s := hostileSite(t, httpmode.Config{})
	const (
		post    = "POST / HTTP/1.1\r\nHost: example.com\r\n"
		get     = "GET / HTTP/1.1\r\nHost: example.com\r\n"
		urlForm = "Content-Type: application/x-www-form-urlencoded\r\n"
	)
	for _, tt := range []struct {
		name, request string
		status        int // 200 is the page that the handler gives to a guest
	}{
		{"a length and chunks", post + urlForm + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200},
		{"two lengths", post + urlForm + "Content-Length: 3\r\nContent-Length: 4\r\n\r\na=b", 400},
		{"the same length twice", post + urlForm + "Content-Length: 3\r\nContent-Length: 3\r\n\r\na=b", 200},
		{"a length with a sign", post + urlForm + "Content-Length: +3\r\n\r\na=b", 400},
		{"chunks spelt otherwise", post + urlForm + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
		{"chunks twice", post + urlForm + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
		{"chunks and identity", post + urlForm + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501},
		{"chunks by HTTP/1.0", "POST / HTTP/1.0\r\nHost: example.com\r\n" + urlForm + "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n", 200},
		{"a form in chunks", post + urlForm + "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n", 200},
		{"a body of a GET", get + "Content-Length: 0\r\n\r\n", 200},
		{"a space before the colon", get + "Authorization : Bearer t\r\n\r\n", 400},
		{"a folded header", get + "X-A: b\r\n Authorization: Bearer t\r\n\r\n", 200},
		{"a header without a name", get + ": Bearer t\r\n\r\n", 400},
		{"a NUL in a header", get + "Cookie: csrf=1\x00; session=1\r\n\r\n", 400},
		{"a bare line feed in a header", get + "Cookie: csrf=1\nAuthorization: Bearer t\r\n\r\n", 200},
		{"headers in other letters", get + "aUTHORIZATION: Bearer t\r\nX_FORWARDED_USER: ada\r\nx_api-key: k\r\n\r\n", 200},
		{"cookies in other letters, twice", get + "cOOKIE: session=1\r\nCOOKIE: csrf=1; session=2\r\n\r\n", 200},
		{"malformed cookies", get + "Cookie: ;;=; session=\"a; csrf=1\"; session; =session=1; csrf=\"; session=2\r\n\r\n", 200},
		{"cookies with commas", get + "Cookie: csrf=1, session=2\r\n\r\n", 200},
		{"a method in other letters", "pOST / HTTP/1.1\r\nHost: example.com\r\n" + urlForm + "Content-Length: 0\r\n\r\n", 503},
		{"a method of its own", "GET\x7f / HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
		{"an override of a GET", get + "X-HTTP-Method-Override: DELETE\r\n\r\n", 503},
		{"an override in other letters", get + "x-http-METHOD: pUt\r\n\r\n", 503},
		{"an override after a harmless one", get + "X-Method-Override: GET\r\nX-Method-Override: DELETE\r\n\r\n", 503},
		{"an override of a form", post + urlForm + "X-HTTP-Method-Override: DELETE\r\nContent-Length: 3\r\n\r\na=b", 200},
		{"an override with spaces around it", get + "X-HTTP-Method-Override: \t DELETE \t\r\n\r\n", 503},
		{"an override in a list", get + "X-HTTP-Method-Override: GET, DELETE\r\n\r\n", 503},
		{"a mode of its own", get + "Quiesce-Mode: off\r\n\r\n", 200},
		{"hop-by-hop headers", get + "Connection: Cookie, Authorization\r\nAuthorization: Bearer t\r\n\r\n", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.raw(t, tt.request)
			if got.status != tt.status {
				t.Errorf("status %d, want %d; body: %s", got.status, tt.status, got.body)
			}
			switch tt.status {
			case 200:
				got.wantAnswer(t, 200, "page")
			case 503:
				got.wantMaintenance(t, httpmode.CauseWrite)
			}
			if tt.status != 400 && tt.status != 501 && got.header.Get("Quiesce-Mode") != "read-only, anonymous, get-only" {
				t.Errorf("Quiesce-Mode: %q", got.header.Values("Quiesce-Mode"))
			}
		})
	}
}

func TestARefusalNeedsNoneOfTheBody(t *testing.T) {
	s := hostileSite(t, httpmode.Config{})
	for name, body := range map[string]struct{ head, chunk string }{
		// Where there is no chunk, the client sends no more, so whoever reads on waits for ever.
		"of 10 MB":         {"Content-Length: 10000000\r\n\r\n{", ""},
		"that never comes": {"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n", ""},
		"that never ends":  {"Transfer-Encoding: chunked\r\n\r\n", "10000\r\n" + strings.Repeat("x", 1<<16) + "\r\n"},
		"that is sent":     {"Content-Length: 10000000\r\n\r\n", strings.Repeat("x", 1<<16)},
	} {
		send := func(contentType string) reply {
			conn := s.dial(t)
			go func() { // ends when the connection is closed
				fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Type: %s\r\n%s", contentType, body.head)
				for body.chunk != "" {
					if _, err := io.WriteString(conn, body.chunk); err != nil {
						return
					}
				}
			}()
			return readReply(t, bufio.NewReader(conn))
		}
		t.Run("a body "+name, func(t *testing.T) {
			send("application/json").wantMaintenance(t, httpmode.CauseWrite)
		})
		t.Run("a form "+name, func(t *testing.T) {
			send("application/x-www-form-urlencoded").wantAnswer(t, 200, "page")
		})
	}
}

func TestABodyForGraphQLThatNeverEndsIsReadToALimit(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := serveBy(t, false, newMiddleware(t, httpmode.Config{Guard: g, GraphQL: []string{"/graphql"}}).Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 2<<20))
			fmt.Fprintf(w, "%d %v", n, err)
		})))
	conn := s.dial(t)
	go func() { // ends when the connection is closed
		fmt.Fprint(conn, "POST /graphql HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
		for chunk := strings.Repeat("x", 1<<16); ; {
			if _, err := fmt.Fprintf(conn, "10000\r\n%s\r\n", chunk); err != nil {
				return
			}
		}
	}()
	readReply(t, bufio.NewReader(conn)).wantAnswer(t, 200, "2097152 http: request body too large")
}

func TestASlowReaderHoldsNobodyUp(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := serveBy(t, false, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { io.Copy(w, io.LimitReader(zeros{}, 64<<20)) })))
	slow := s.dial(t)
	fmt.Fprint(slow, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
	if _, err := io.ReadFull(slow, make([]byte, 1)); err != nil { // its answer is on its way, and waits
		t.Fatal(err)
	}
	s.raw(t, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 0\r\n\r\n").wantMaintenance(t, httpmode.CauseWrite)
	hold(t, g, sqlguard.Change{}) // a flip waits for no request
}

func TestAMessageStaysInItsPlaceOnTheWire(t *testing.T) {
	g := newGuard(t)
	hold(t, g, loud)
	s := serveBy(t, false, newMiddleware(t, httpmode.Config{Guard: g, GraphQL: []string{"/graphql"}}).Handler(http.HandlerFunc(echo)))
	for _, headers := range []string{
		"Accept: text/html\r\n", "HX-Request: true\r\n", "Accept: application/json\r\n", "Accept: text/plain\r\n",
		"Accept: application/graphql-response+json\r\n",
	} {
		got := s.raw(t, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 0\r\n"+headers+"\r\n")
		if got.status != 503 || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%q: got %d %v", headers, got.status, got.header)
		}
		html := strings.HasPrefix(got.header.Get("Content-Type"), "text/html")
		if html && strings.Contains(got.body, "<script") || !html && got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: a browser would run %s", headers, got.body)
		}
	}
}
