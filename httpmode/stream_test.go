package httpmode_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// stream is an event stream as a client reads it.
type stream struct {
	*http.Response
	lines *bufio.Scanner
	stop  context.CancelFunc
}

// event is one block of lines of a stream.
type event struct {
	id      string
	state   map[string]any
	retry   string
	comment bool
}

// follow opens an event stream; headers are "Name: value".
func (s *site) follow(t testing.TB, path string, headers ...string) *stream {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(stop)
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range append(headers, "Accept: text/event-stream") {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return &stream{resp, bufio.NewScanner(resp.Body), stop}
}

// next returns the next block, or false at the end of the stream.
func (s *stream) next(t testing.TB) (event, bool) {
	t.Helper()
	var e event
	for s.lines.Scan() {
		line := s.lines.Text()
		if line == "" {
			return e, true
		}
		switch name, value, _ := strings.Cut(line, ":"); name {
		case "":
			e.comment = true
		case "id":
			e.id = value
		case "retry":
			e.retry = value
		case "event":
			if value != " state" {
				t.Errorf("an event named %q", value)
			}
		case "data":
			if err := json.Unmarshal([]byte(value), &e.state); err != nil {
				t.Errorf("%v: %s", err, value)
			}
		default:
			t.Errorf("a line %q", line)
		}
	}
	return e, false
}

// state returns the next state, past whatever else is there.
func (s *stream) state(t testing.TB) event {
	t.Helper()
	for {
		e, ok := s.next(t)
		if !ok {
			t.Fatalf("the stream has ended: %v", s.lines.Err())
		}
		if e.state != nil {
			return e
		}
	}
}

// ended returns a handler, and a channel that is readable when an answer of it is over.
func ended(h http.Handler) (http.Handler, <-chan struct{}) {
	over := make(chan struct{}, 100)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { over <- struct{}{} }()
		h.ServeHTTP(w, r)
	}), over
}

func await(t testing.TB, over <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-over:
	case <-time.After(20 * time.Second):
		t.Fatal(what)
	}
}

// byBoth runs a test over HTTP/1.1 and over HTTP/2.
func byBoth(t *testing.T, test func(t *testing.T, http2 bool)) {
	t.Run("HTTP/1.1", func(t *testing.T) { test(t, false) })
	t.Run("HTTP/2", func(t *testing.T) { test(t, true) })
}

func TestStatusStreamTellsOfEveryFlip(t *testing.T) {
	byBoth(t, func(t *testing.T, http2 bool) {
		g := newGuard(t)
		m := newMiddleware(t, httpmode.Config{Guard: g})
		mux := http.NewServeMux()
		mux.Handle("/bare", m.StatusHandler())
		mux.Handle("/inside", m.Handler(m.StatusHandler()))
		s := serveBy(t, http2, mux)
		for _, path := range []string{"/bare", "/inside", "/inside"} { // the last time it begins in a mode
			events := s.follow(t, path, "Cookie: session=1")
			if first := events.state(t); first.state["epoch"] != float64(g.State().Epoch) {
				t.Errorf("%s: it begins with %v", path, first.state)
			}
			for _, tt := range []struct {
				change sqlguard.Change
				want   map[string]any
			}{
				{sqlguard.Change{Announced: noon, Until: noon.Add(time.Hour), Message: "Sunday"},
					map[string]any{"mode": "off", "announced": "2026-03-01T12:00:00Z", "until": "2026-03-01T13:00:00Z", "message": "Sunday"}},
				{readOnly, map[string]any{"mode": "read-only", "announced": nil, "until": nil}},
				{sqlguard.Change{}, map[string]any{"mode": "off", "anonymous": false, "message": nil}},
				{anonymous, map[string]any{"mode": "off", "anonymous": true}},
			} {
				hold(t, g, tt.change)
				got := events.state(t)
				for name, want := range tt.want {
					if got.state[name] != want {
						t.Errorf("%s: after %+v, %s is %v, want %v", path, tt.change, name, got.state[name], want)
					}
				}
			}
			events.stop()
		}
	})
}

func TestStatusStreamReachesTheClientAtOnce(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).StatusHandler())
	events := s.follow(t, "/")
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform",
		"X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff", "Vary": "Accept",
		"Quiesce-Mode": "read-only", "Content-Encoding": "",
	} {
		if got := events.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	first, _ := events.next(t)
	if retry, err := strconv.Atoi(strings.TrimSpace(first.retry)); err != nil || retry < 5000 || retry > 10000 {
		t.Errorf("it begins with %+v, want to be asked again in 5 to 10 seconds", first)
	}
}

// What compresses holds a stream up, and anonymous mode says of its own what caches may do.
func TestStatusStreamOfAGuestIsNotToBeCompressedEither(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	s := serve(t, m.Handler(m.StatusHandler()))
	if got := s.follow(t, "/", "Cookie: session=1").Header.Get("Cache-Control"); got != "private, no-store, no-transform" {
		t.Errorf("Cache-Control: %q", got)
	}
	if got := s.do(t, "GET", "/", "", "Cookie: session=1").header.Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("Cache-Control of the JSON: %q", got)
	}
}

func TestStatusStreamRepeatsOnlyWhatTheClientHasNotSeen(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	s := serve(t, m.StatusHandler())
	hold(t, g, readOnly)
	seen := s.follow(t, "/").state(t).id

	again := s.follow(t, "/", "Last-Event-ID: "+strings.TrimSpace(seen))
	if first, _ := again.next(t); first.retry == "" || first.state != nil {
		t.Errorf("who has seen the state gets %+v", first)
	}
	g.Release("test")
	if next := again.state(t); next.state["mode"] != "off" {
		t.Errorf("and then %v, want the next state", next.state)
	}

	hold(t, g, readOnly)
	if late := s.follow(t, "/", "Last-Event-ID: "+strings.TrimSpace(seen)).state(t); late.state["mode"] != "read-only" {
		t.Errorf("who comes late gets %v", late.state)
	}
}

// After a restart, or behind a load balancer, the same epoch is another state.
func TestStatusStreamOfAnotherProcessRepeatsTheSameEpoch(t *testing.T) {
	first, second := newGuard(t), newGuard(t)
	hold(t, first, readOnly)
	hold(t, second, anonymous)
	seen := serve(t, newMiddleware(t, httpmode.Config{Guard: first}).StatusHandler()).follow(t, "/").state(t)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: second}).StatusHandler())
	got := s.follow(t, "/", "Last-Event-ID: "+strings.TrimSpace(seen.id)).state(t)
	if got.state["epoch"] != seen.state["epoch"] || got.state["anonymous"] != true {
		t.Errorf("got %v after %v", got.state, seen.state)
	}
}

func TestStatusAnswersAsTheClientAccepts(t *testing.T) {
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: newGuard(t)}).StatusHandler())
	const jsonType, streamType = "application/json", "text/event-stream"
	for _, tt := range []struct{ name, accept, want string }{
		{"an EventSource", "text/event-stream", streamType},
		{"an EventSource by another spelling", "Text/Event-Stream", streamType},
		{"rather a stream", "application/json;q=0.5, text/event-stream", streamType},
		{"nothing said", "", jsonType},
		{"anything", "*/*", jsonType},
		{"JSON", "application/json", jsonType},
		{"both as well, JSON first", "application/json, text/event-stream", jsonType},
		{"both as well, a stream first", "text/event-stream, application/json", streamType},
		{"rather JSON", "text/event-stream;q=0.5, */*", jsonType},
		{"no stream", "text/event-stream;q=0, */*", jsonType},
		{"a browser's page", "text/html,application/xhtml+xml,*/*;q=0.8", jsonType},
		{"neither", "image/png", jsonType},
		{"nonsense", "text/event-stream;;;", jsonType},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.do(t, "HEAD", "/", "", "Accept: "+tt.accept)
			if got.status != 200 || got.header.Get("Content-Type") != tt.want || got.body != "" {
				t.Errorf("%d %q %q, want %s", got.status, got.header.Get("Content-Type"), got.body, tt.want)
			}
		})
	}
}

func TestStatusStreamsAreBounded(t *testing.T) {
	for _, limit := range []int{2, -1} {
		m := newMiddleware(t, httpmode.Config{Guard: newGuard(t), StatusStreams: limit})
		h, over := ended(m.StatusHandler())
		s := serve(t, h)
		var open []*stream
		for range max(limit, 0) {
			events := s.follow(t, "/")
			events.state(t)
			open = append(open, events)
		}
		got := s.do(t, "GET", "/", "", "Accept: text/event-stream")
		after, _ := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != 503 || after < 60 || after > 120 || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("limit %d: one more gets %d %v", limit, got.status, got.header)
		}
		if got := s.do(t, "GET", "/", ""); got.status != 200 {
			t.Errorf("limit %d: who asks for JSON gets %d", limit, got.status)
		}
		if limit < 0 {
			continue
		}
		<-over // the 503
		<-over // the JSON
		open[0].stop()
		await(t, over, "a client has gone, and its stream goes on")
		if events := s.follow(t, "/"); events.StatusCode != 200 || m.Streams() != limit {
			t.Errorf("when one has gone the next gets %d; %d streams, want %d", events.StatusCode, m.Streams(), limit)
		}
	}
}

func TestStatusStreamSaysThatItIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t)
		m := newMiddleware(t, httpmode.Config{Guard: g})
		ctx, stop := context.WithCancel(t.Context())
		r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
		r.Header.Set("Accept", "text/event-stream")
		w := httptest.NewRecorder()
		over := make(chan struct{})
		go func() {
			m.StatusHandler().ServeHTTP(w, r)
			close(over)
		}()
		begun := time.Now()
		time.Sleep(80 * time.Second)
		synctest.Wait()
		if beats := strings.Count(w.Body.String(), "\n:\n"); beats != 3 {
			t.Errorf("%d comments in %s of silence, want 3:\n%s", beats, time.Since(begun), w.Body)
		}
		stop()
		<-over // and no goroutine is left, or this test would not end
		if m.Streams() != 0 {
			t.Errorf("%d streams are counted still", m.Streams())
		}
	})
}

func TestStatusStreamOutlivesTheServersTimeouts(t *testing.T) {
	byBoth(t, func(t *testing.T, http2 bool) {
		g := newGuard(t)
		m := newMiddleware(t, httpmode.Config{Guard: g})
		m.SetHeartbeat(500 * time.Millisecond) // and twice that is how long a client may take
		srv := httptest.NewUnstartedServer(m.StatusHandler())
		srv.EnableHTTP2 = http2
		srv.Config.WriteTimeout = 300 * time.Millisecond
		srv.Config.ReadTimeout = 300 * time.Millisecond
		srv.StartTLS()
		t.Cleanup(srv.Close)
		events := (&site{Server: srv, client: srv.Client()}).follow(t, "/")
		events.state(t)
		for begun := time.Now(); time.Since(begun) < 4*srv.Config.WriteTimeout; {
			if e, ok := events.next(t); !ok || !e.comment {
				t.Fatalf("after %s the stream gives %+v, %t: %v", time.Since(begun), e, ok, events.lines.Err())
			}
		}
		hold(t, g, readOnly)
		if got := events.state(t); got.state["mode"] != "read-only" {
			t.Errorf("got %v", got.state)
		}
		events.stop()
	})
}

func TestMessagesCannotForgeEvents(t *testing.T) {
	g := newGuard(t)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).StatusHandler())
	message := "one\r\n\r\nevent: state\ndata: {\"mode\":\"off\"}\n\n\u2028</script>"
	hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Message: message})
	events := s.follow(t, "/")
	if got := events.state(t); got.state["message"] != message {
		t.Errorf("the message came as %q", got.state["message"])
	}
	g.Release("test")
	if got := events.state(t); got.state["epoch"] != 2.0 {
		t.Errorf("after it comes %v", got.state)
	}
}

func TestStatusStreamInATimeoutHandlerEndsAfterOneState(t *testing.T) {
	m := newMiddleware(t, httpmode.Config{Guard: newGuard(t)})
	s := serve(t, http.TimeoutHandler(m.StatusHandler(), 20*time.Second, ""))
	events := s.follow(t, "/")
	events.state(t)
	if e, ok := events.next(t); ok || events.lines.Err() != nil {
		t.Errorf("then comes %+v, %v; want the end", e, events.lines.Err())
	}
}
