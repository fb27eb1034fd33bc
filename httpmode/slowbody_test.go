package httpmode_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
)

// never is a time after which a test gives up on what should not have to be awaited.
const never = 30 * time.Second

// sendSlowly sends a request by HTTP/1 whose body begins and does not end, and
// returns the answer.
func sendSlowly(t *testing.T, s *site, request string) reply {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), s.client.Transport.(*http.Transport).TLSClientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(never))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	for r := bufio.NewReader(conn); ; {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("the answer was held up: %v", err)
		}
		if resp.StatusCode == http.StatusContinue {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return reply{resp.StatusCode, resp.Header, string(body)}
	}
}

func TestABodyThatDoesNotEndHoldsNoAnswerUp(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	const (
		head    = "POST /%s HTTP/1.1\r\nHost: example.com\r\nAccept: text/html\r\n"
		urlForm = "Content-Type: application/x-www-form-urlencoded\r\n"
	)
	for _, tt := range []struct{ name, path, request, shown string }{
		{"a form", "", urlForm + "Content-Length: 100\r\n\r\nfirst=whole&text=a part", "whole"},
		{"a form in chunks", "", urlForm + "Transfer-Encoding: chunked\r\n\r\n8\r\na=whole&\r\n", "whole"},
		{"a multipart form", "", multipartForm + "\r\nContent-Length: 1000\r\n\r\n" + strings.TrimSuffix(parts([2]string{`name="a"`, "whole"}), "--\r\n"), "whole"},
		{"a form whose client waits to be asked for it", "", urlForm + "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n", ""},
		{"a form that the handler waits for", "search", urlForm + "Content-Length: 100\r\n\r\nfirst=whole&text=a part", "whole"},
		{"what is no form", "", "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{", ""},
		{"what is no form, in chunks", "", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /search"}})
			m.SetPatience(50 * time.Millisecond)
			s := serveBy(t, false, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				// The handler sets itself a limit too, or it would be the one to wait.
				http.NewResponseController(w).SetReadDeadline(time.Now().Add(50 * time.Millisecond))
				_, err := io.Copy(io.Discard, r.Body)
				if write(r.Context(), g); err != nil {
					http.Error(w, "own", 500)
				}
			})))
			request := fmt.Sprintf(head, tt.path) + tt.request
			got := sendSlowly(t, s, request)
			got.wantMaintenance(t, httpmode.CauseWrite)
			if !strings.Contains(got.body, tt.shown) || strings.Contains(got.body, "a part") || strings.Contains(got.body, "<form") {
				t.Errorf("the page shows %q", readPage(t, got.body).shown)
			}
		})
	}
}

func TestABodyThatDoesNotEndHoldsNoAnswerUpByHTTP2(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	m.SetPatience(50 * time.Millisecond)
	s := serve(t, m.Handler(http.HandlerFunc(echo)))
	ctx, cancel := context.WithTimeout(t.Context(), never)
	defer cancel()
	body, typing := io.Pipe()
	defer typing.Close()
	go io.WriteString(typing, "first=whole&text=a part")
	r, err := http.NewRequestWithContext(ctx, "POST", s.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.client.Do(r)
	if err != nil {
		t.Fatalf("the answer was held up: %v", err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 503 || resp.ProtoMajor != 2 {
		t.Errorf("got %s %d %v: %s", resp.Proto, resp.StatusCode, err, text)
	}
}

func TestTheLimitEndsWithTheForm(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /search"}})
	m.SetPatience(50 * time.Millisecond)
	for _, http2 := range []bool{false, true} {
		s := serveBy(t, http2, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "GET" {
				fmt.Fprint(w, httpmode.FormFromContext(r.Context()).Fields[0].Value)
			} else if r.ParseForm(); write(r.Context(), g) != nil {
				http.Error(w, "own", 500)
			}
			select { // longer than the patience
			case <-r.Context().Done():
				t.Errorf("HTTP/2 %t: %s was given up", http2, r.Method)
			case <-time.After(200 * time.Millisecond):
			}
		})))
		hold(t, g, getOnly)
		s.do(t, "POST", "/", "text=hello", form, browser).wantAnswer(t, 200, "hello")
		hold(t, g, readOnly)
		s.do(t, "POST", "/search", "text=hello", form, browser).wantMaintenance(t, httpmode.CauseWrite)
	}
}

// opaque is a writer of old middleware, which hides what the server's can do.
type opaque struct{ http.ResponseWriter }

func TestAFormIsReadOnlyUnderADeadline(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	h := m.Handler(http.HandlerFunc(echo))
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		again   bool
	}{
		{"of the server", time.Minute, true},
		{"that there is not", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(opaque{w}, r) }))
			s.Config.ReadTimeout = tt.timeout
			s.StartTLS()
			defer s.Close()
			got := (&site{Server: s, client: s.Client()}).do(t, "POST", "/", "text=hello", form, browser)
			got.wantMaintenance(t, httpmode.CauseWrite)
			if again := strings.Contains(got.body, "<form"); again != tt.again || strings.Contains(got.body, "Go back to the form") == again {
				t.Errorf("got %s", got.body)
			}
		})
	}
}
