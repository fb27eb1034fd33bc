package httpmode

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elnormous/contenttype"
)

// streams are the event streams of a status endpoint.
type streams struct {
	// id begins the identifiers of events. Epochs are of one process: to another one,
	// behind the same load balancer or after a restart, the same number means another state.
	id        string
	limit     int64
	open      atomic.Int64
	heartbeat time.Duration
	servers   sync.Map // *http.Server → chan struct{}, closed when it shuts down
}

func newStreams(limit int64) *streams {
	return &streams{
		id: rand.Text()[:8], limit: limit,
		heartbeat: 25 * time.Second, // proxies hang up after 30 seconds or more without a byte
	}
}

// begin reports whether there may be one stream more; end ends it.
func (s *streams) begin() bool {
	if s.open.Add(1) > s.limit {
		s.open.Add(-1)
		return false
	}
	return true
}

func (s *streams) end() { s.open.Add(-1) }

// shutdown returns a channel that is closed when the server of a request begins
// to shut down, which would otherwise wait for streams that never end. It is nil
// where there is no such server: then the request's context is all there is.
func (s *streams) shutdown(r *http.Request) <-chan struct{} {
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	if server == nil {
		return nil
	}
	fresh := make(chan struct{})
	ending, known := s.servers.LoadOrStore(server, fresh)
	if !known {
		server.RegisterOnShutdown(sync.OnceFunc(func() { close(fresh) })) // Shutdown may be called twice
	}
	return ending.(chan struct{})
}

// Who does not say what it likes gets JSON.
var (
	typeStream   = contenttype.MediaType{Type: "text", Subtype: "event-stream"}
	statusOffers = []contenttype.MediaType{typeJSON, typeStream}
)

// acceptsStream reports whether a client asks for an event stream.
func acceptsStream(h http.Header) bool {
	best, _, err := contenttype.GetAcceptableMediaTypeFromHeader(acceptOf(h), statusOffers)
	return err == nil && best.EqualsMIME(typeStream)
}

// serveStream answers with an event stream, which begins with the state as it is
// unless the client says that it has seen that.
func (m *Middleware) serveStream(w http.ResponseWriter, r *http.Request) {
	if !m.streams.begin() {
		w.Header().Set("Retry-After", strconv.Itoa(m.spread(60)))
		http.Error(w, "there are too many event streams: ask for JSON", http.StatusServiceUnavailable)
		return
	}
	defer m.streams.end()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform") // compressed, it would wait in a buffer
	h.Set("X-Accel-Buffering", "no")                 // so would it in nginx
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return
	}
	m.follow(w, r)
}

// follow writes the state whenever it changes, until the client goes or the
// server shuts down.
func (m *Middleware) follow(w http.ResponseWriter, r *http.Request) {
	changed, stop := m.guard.Subscribe()
	defer stop()
	beat := time.NewTicker(m.streams.heartbeat)
	defer beat.Stop()
	shutdown := m.streams.shutdown(r)
	out := eventWriter{w, http.NewResponseController(w), 2 * m.streams.heartbeat}
	seen := r.Header.Get("Last-Event-ID")
	// Clients that all lose their streams at once should not all be back at once.
	text := fmt.Sprintf("retry: %d\n\n", m.spread(5)*1000)
	for {
		select {
		case <-r.Context().Done():
			return
		case <-shutdown:
			return
		case <-beat.C:
			text += ":\n\n" // a comment, for proxies and to find out that the client is gone
		case <-changed:
			state := m.guard.State()
			if id := m.streams.id + "." + strconv.FormatUint(state.Epoch, 10); id != seen {
				text += fmt.Sprintf("event: state\nid: %s\ndata: %s\n", id, marshal(m.status(state)))
				seen = id
			}
		}
		if out.send(text) != nil {
			return
		}
		text = ""
	}
}

// spread returns seconds, or up to twice as many.
func (m *Middleware) spread(seconds int) int {
	return seconds + int(float64(seconds)*2*m.jitter())
}

// eventWriter writes to a client, which must keep up with it.
type eventWriter struct {
	w        io.Writer
	control  *http.ResponseController
	patience time.Duration // longer than it is until the next heartbeat
}

// send writes and flushes. Where the writer cannot flush, as in an
// [http.TimeoutHandler], its error ends the stream: what is written is sent then, and
// the client comes back for more.
//
// The deadline replaces the server's WriteTimeout, which is for a whole answer. Each
// send moves it, and so it only passes if one is stuck: HTTP/2 resets the stream when it passes, whether
// anything is being written or not. Where there are no deadlines the server's own holds.
func (e eventWriter) send(text string) error {
	e.control.SetWriteDeadline(time.Now().Add(e.patience))
	if _, err := io.WriteString(e.w, text); err != nil {
		return err
	}
	return e.control.Flush()
}
