package httpmode

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// maxForm bounds what is kept of a form, in bytes as they were sent.
const maxForm = 64 << 10

// formPatience is how long a refusal waits for the rest of a body.
const formPatience = 5 * time.Second

// formBody is the body of a form. It keeps the beginning of what a handler reads, so that
// what was typed can be shown when a write is refused later on.
type formBody struct {
	io.ReadCloser

	read struct {
		sync.Mutex
		kept  []byte // at most one byte more than maxForm
		ended bool   // there is no more to read
	}
}

// Read reads for the handler.
func (b *formBody) Read(p []byte) (int, error) {
	b.read.Lock()
	defer b.read.Unlock()
	return b.keep(p)
}

// keep reads with the lock held, so that what is kept is in the order of the body.
func (b *formBody) keep(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	room := maxForm + 1 - len(b.read.kept)
	b.read.kept = append(b.read.kept, p[:min(n, room)]...)
	b.read.ended = b.read.ended || err == io.EOF
	return n, err
}

// rest reads on, up to the bound, and returns what is known of the body by then: one
// byte more than maxForm if it is longer. It reports whether there is no more to read. It
// is the caller who limits the time that this takes.
func (b *formBody) rest() (kept []byte, ended bool) {
	b.read.Lock()
	defer b.read.Unlock()
	buffer := make([]byte, 4<<10)
	for !b.read.ended && len(b.read.kept) <= maxForm {
		if _, err := b.keep(buffer); err != nil {
			break
		}
	}
	return b.read.kept, b.read.ended
}

// limitReading gives a body that still arrives a few seconds, and reports whether
// anything does. It keeps net/http from waiting for ever, too: over HTTP/1 that reads up to 256 KiB of
// what a handler left before it sends an answer.
//
// Where no deadline can be set, because a writer around the server's has no Unwrap
// method, the server's own must do. A request that no server has brought is in memory.
func limitReading(w http.ResponseWriter, r *http.Request, patience time.Duration) bool {
	if http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience)) == nil {
		return true
	}
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	return server == nil || server.ReadTimeout > 0
}

// unlimitReading lifts the limit from a body that has ended. Over HTTP/1 the connection is
// read in the background from then on, and a deadline would look like a client that is gone.
func unlimitReading(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Time{}) // as possible as it was to set one
}
