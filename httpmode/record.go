package httpmode

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/felixge/httpsnoop"
)

// writer returns the ResponseWriter for the handler. It has just the optional
// interfaces that the original has, and minds every path on which a header is sent.
func (x *exchange) writer() http.ResponseWriter {
	if w := x.knownWriter(); w != nil {
		return w
	}
	return httpsnoop.Wrap(withFlushError(x.w), httpsnoop.Hooks{
		Header: func(next httpsnoop.HeaderFunc) httpsnoop.HeaderFunc {
			return func() http.Header { return x.header(next) }
		},
		WriteHeader: func(next httpsnoop.WriteHeaderFunc) httpsnoop.WriteHeaderFunc {
			return func(status int) { x.writeHeader(next, status) }
		},
		Write: func(next httpsnoop.WriteFunc) httpsnoop.WriteFunc {
			return func(b []byte) (int, error) {
				if x.discards() {
					return len(b), nil
				}
				return next(b)
			}
		},
		WriteString: func(next httpsnoop.WriteStringFunc) httpsnoop.WriteStringFunc {
			return func(s string) (int, error) {
				if x.discards() {
					return len(s), nil
				}
				return next(s)
			}
		},
		ReadFrom: func(next httpsnoop.ReadFromFunc) httpsnoop.ReadFromFunc {
			return func(src io.Reader) (int64, error) {
				if x.discards() {
					return io.Copy(io.Discard, src)
				}
				return next(src)
			}
		},
		Flush: func(next httpsnoop.FlushFunc) httpsnoop.FlushFunc {
			return func() { x.discards(); next() }
		},
		FlushError: func(next httpsnoop.FlushErrorFunc) httpsnoop.FlushErrorFunc {
			return func() error { x.discards(); return next() }
		},
		Hijack: func(next httpsnoop.HijackFunc) httpsnoop.HijackFunc {
			return func() (net.Conn, *bufio.ReadWriter, error) { return x.hijack(next) }
		},
	})
}

// header returns the header map for the handler. Once its answer is replaced that is one that
// is not sent: a layer outside may send the real one when the handler has ended, and what a handler says
// late of its own body is not true of ours.
func (x *exchange) header(next httpsnoop.HeaderFunc) http.Header {
	if !x.replaced {
		return next()
	}
	if x.unsent == nil {
		x.unsent = make(http.Header)
	}
	return x.unsent
}

// writeHeader minds a call of WriteHeader. Informational answers are sent, with the
// header map as it is, and commit to nothing; 101 is the last one of its connection.
func (x *exchange) writeHeader(next httpsnoop.WriteHeaderFunc, status int) {
	switch {
	case x.committed.Load():
		if x.replaced {
			return
		}
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		x.guardHeader(x.w.Header())
	case x.commit(status):
		return
	}
	next(status)
}

// discards commits to the header, as the first byte of a body does, and reports
// whether what the handler writes is discarded.
func (x *exchange) discards() bool {
	if !x.committed.Load() {
		x.commit(http.StatusOK)
	}
	return x.replaced
}

// hijack minds a call of Hijack: afterwards the answer is the handler's own.
func (x *exchange) hijack(next httpsnoop.HijackFunc) (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := next()
	if err == nil && !x.committed.Swap(true) {
		x.m.counts.own(x.info.Converted)
	}
	return conn, rw, err
}

// flushErrorer gives a FlushError to a writer that lacks it.
type flushErrorer struct{ http.ResponseWriter }

func (f flushErrorer) Unwrap() http.ResponseWriter { return f.ResponseWriter }

func (f flushErrorer) FlushError() error {
	return http.NewResponseController(f.ResponseWriter).Flush()
}

// withFlushError makes sure that every flush is seen. A writer that has only an
// Unwrap method cannot be flushed itself, but http.ResponseController finds the
// writer inside that can, past all hooks, and that sends the header.
func withFlushError(w http.ResponseWriter) http.ResponseWriter {
	for inner := w; ; {
		switch inner.(type) {
		case http.Flusher, interface{ FlushError() error }:
			if inner == w {
				return w
			}
			return flushErrorer{w}
		}
		unwrapper, ok := inner.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		inner = unwrapper.Unwrap()
	}
}
