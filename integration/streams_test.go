package integration

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// socket is a route that saves each message, and answers who said it, or why not.
func (a *app) socket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	for {
		_, text, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		answer := "saved by " + a.user(r)
		if err := a.insert(r, string(text)); sqlguard.IsReadOnly(err) {
			answer = "read-only, " + a.user(r)
		} else if err != nil {
			answer = "broken"
		}
		if conn.Write(r.Context(), websocket.MessageText, []byte(answer)) != nil {
			return
		}
	}
}

// events is a route whose streams, by their number, send an event whenever they are asked:
// how many comments there are, and whether another was refused.
func (a *app) events(streams []chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(r.FormValue("stream"))
		if err != nil {
			http.Error(w, "no such stream", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, ": hello\n\n") // gzhttp sends no header before there is something to compress
		http.NewResponseController(w).Flush()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-streams[number]:
				err := a.insert(r, "x")
				var n int
				a.db.QueryRowContext(r.Context(), "SELECT count(*) FROM comments").Scan(&n)
				fmt.Fprintf(w, "data: %d %t\n\n", n, sqlguard.IsReadOnly(err))
				http.NewResponseController(w).Flush()
			}
		}
	}
}

// streaming is a site with those routes, in whatever is around the middleware.
func streaming(streams []chan struct{}, outside func(http.Handler) http.Handler) stack {
	return stack{build: func(a *app, m *httpmode.Middleware) http.Handler {
		mux := a.mux()
		mux.HandleFunc("GET /socket", a.socket)
		mux.HandleFunc("GET /events", a.events(streams))
		mux.Handle("GET /status", m.StatusHandler())
		return outside(m.Handler(a.around(mux)))
	}}
}

func nothing(next http.Handler) http.Handler { return next }

// dial opens a socket, and returns what says something on it, and what is answered.
func (s *site) dial(t *testing.T) (say func(string) string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(stop)
	conn, _, err := websocket.Dial(ctx, strings.Replace(s.URL, "https", "wss", 1)+"/socket", &websocket.DialOptions{HTTPClient: s.client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return func(text string) string {
		t.Helper()
		if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		_, answer, err := conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
}

func TestSockets(t *testing.T) {
	s := streaming(nil, nothing).serve(t, false) // a socket needs HTTP/1
	s.logIn(t)
	before := s.dial(t)
	wants := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: the answer is %q, want %q", what, got, want)
		}
	}
	wants("with the mode off", before("one"), "saved by ada")
	s.flip(t, readOnly)
	s.drains(t)
	wants("a socket that is older than the mode", before("x"), "read-only, ada")
	during := s.dial(t)
	wants("a socket of read-only mode", during("x"), "read-only, ada")
	s.flip(t, anonymous)
	wants("a socket that is older than anonymous mode", during("x"), "read-only, ada")
	guest := s.dial(t)
	wants("a socket of anonymous mode", guest("x"), "read-only, ")
	s.flip(t, getOnly)
	wants("a socket of get-only mode", s.dial(t)("x"), "read-only, ada")
	s.flip(t, off)
	wants("an old socket afterwards", before("two"), "saved by ada")
	wants("a guest's socket afterwards", guest("three"), "saved by ")
	wants("a new socket afterwards", s.dial(t)("four"), "saved by ada")
	if got, want := s.saved(t), "ada:one,ada:two,:three,ada:four"; got != want {
		t.Errorf("saved is %q, want %q", got, want)
	}
}

// drains checks that nothing holds up a dump, however long it is open.
func (s *site) drains(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	if report, err := s.guard.Drain(ctx); err != nil {
		t.Errorf("%v: %s", err, report)
	}
}

// listen opens a stream of events, and returns what waits for the next.
func (s *site) listen(t *testing.T, path string) (next func() string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	return func() string {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
				return strings.TrimSpace(data)
			}
		}
		t.Fatalf("the stream has ended: %v", lines.Err())
		return ""
	}
}

func TestEvents(t *testing.T) {
	for name, outside := range map[string]func(http.Handler) http.Handler{"": nothing, " in gzhttp": compress} {
		for protocol, http2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
			t.Run(protocol+name, func(t *testing.T) {
				var streams []chan struct{}
				for range 5 {
					streams = append(streams, make(chan struct{}))
				}
				s := streaming(streams, outside).serve(t, http2)
				s.logIn(t)
				var next []func() string
				for i, tt := range []struct {
					mode sqlguard.Change
					want string // of all streams that are open
				}{
					{off, "1 false"},
					{readOnly, "1 true, 1 true"},
					{getOnly, "1 true, 1 true, 1 true"},
					{anonymous, "1 true, 1 true, 1 true, 1 true"},
					{off, "2 false, 3 false, 4 false, 5 false, 6 false"},
				} {
					s.flip(t, tt.mode)
					if tt.mode != off {
						s.drains(t)
					}
					next = append(next, s.listen(t, fmt.Sprint("/events?stream=", i)))
					var got []string
					for j := range next {
						streams[j] <- struct{}{}
						got = append(got, next[j]())
					}
					if got := strings.Join(got, ", "); got != tt.want {
						t.Errorf("in mode %+v: the events are %s, want %s", tt.mode, got, tt.want)
					}
				}
			})
		}
	}
}

// An open page is told of each flip, through whatever is around.
func TestStatusStreamReachesThePage(t *testing.T) {
	for name, outside := range map[string]func(http.Handler) http.Handler{"": nothing, " in gzhttp": compress} {
		for protocol, http2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
			t.Run(protocol+name, func(t *testing.T) {
				s := streaming(nil, outside).serve(t, http2)
				next := s.listen(t, "/status")
				for i, tt := range []struct {
					mode sqlguard.Change
					want string
				}{
					{off, `"mode":"off"`}, {readOnly, `"mode":"read-only"`}, {anonymous, `"anonymous":true`}, {off, `"mode":"off"`},
				} {
					if i > 0 { // the first event is of what is in force already
						s.flip(t, tt.mode)
					}
					if got := next(); !strings.Contains(got, tt.want) {
						t.Errorf("in mode %+v: the event is %s", tt.mode, got)
					}
				}
			})
		}
	}
}
