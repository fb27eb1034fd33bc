package httpmode

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"
)

// The ResponseWriters that nearly every request has, by what they have beside the
// interface itself: httptest's recorder, and net/http's two.
type (
	flushingWriter interface {
		http.ResponseWriter
		http.Flusher
		io.StringWriter
	}
	serverWriter interface {
		flushingWriter
		FlushError() error
		CloseNotify() <-chan bool
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
		EnableFullDuplex() error
	}
	http1Writer interface {
		serverWriter
		http.Hijacker
		io.ReaderFrom
	}
	http2Writer interface {
		serverWriter
		http.Pusher
	}
)

var (
	_ flushingWriter = minded{}
	_ http1Writer    = mindedHTTP1{}
	_ http2Writer    = mindedHTTP2{}
)

// knownWriter returns the ResponseWriter for the handler where the original is one
// of those. It has just the same optional interfaces, and takes no allocation, for it is
// but a pointer. It returns nil for all others, which httpsnoop can wrap.
func (x *exchange) knownWriter() http.ResponseWriter {
	switch x.w.(type) {
	case http1Writer:
		if _, pushes := x.w.(http.Pusher); !pushes {
			return mindedHTTP1{mindedServer{minded{x}}}
		}
	case http2Writer:
		switch x.w.(type) {
		case http.Hijacker, io.ReaderFrom:
		default:
			return mindedHTTP2{mindedServer{minded{x}}}
		}
	case flushingWriter:
		switch x.w.(type) {
		case http.Pusher, http.Hijacker, io.ReaderFrom,
			interface{ FlushError() error },
			interface{ CloseNotify() <-chan bool },
			interface{ SetReadDeadline(time.Time) error },
			interface{ SetWriteDeadline(time.Time) error },
			interface{ EnableFullDuplex() error }:
		default:
			return minded{x}
		}
	}
	return nil
}

// minded is what all of them have; it minds every path on which a header is sent.
type minded struct{ x *exchange }

func (m minded) Header() http.Header { return m.x.header(m.x.w.Header) }

func (m minded) WriteHeader(status int) { m.x.writeHeader(m.x.w.WriteHeader, status) }

func (m minded) Write(b []byte) (int, error) {
	if m.x.discards() {
		return len(b), nil
	}
	return m.x.w.Write(b)
}

func (m minded) WriteString(s string) (int, error) {
	if m.x.discards() {
		return len(s), nil
	}
	return m.x.w.(io.StringWriter).WriteString(s)
}

func (m minded) Flush() {
	m.x.discards()
	m.x.w.(http.Flusher).Flush()
}

func (m minded) Unwrap() http.ResponseWriter { return m.x.w }

// mindedServer is what both of net/http's have.
type mindedServer struct{ minded }

func (m mindedServer) original() serverWriter { return m.x.w.(serverWriter) }

func (m mindedServer) FlushError() error {
	m.x.discards()
	return m.original().FlushError()
}

func (m mindedServer) CloseNotify() <-chan bool           { return m.original().CloseNotify() }
func (m mindedServer) SetReadDeadline(t time.Time) error  { return m.original().SetReadDeadline(t) }
func (m mindedServer) SetWriteDeadline(t time.Time) error { return m.original().SetWriteDeadline(t) }
func (m mindedServer) EnableFullDuplex() error            { return m.original().EnableFullDuplex() }

// mindedHTTP1 is for the writer of HTTP/1.
type mindedHTTP1 struct{ mindedServer }

func (m mindedHTTP1) ReadFrom(src io.Reader) (int64, error) {
	if m.x.discards() {
		return io.Copy(io.Discard, src)
	}
	return m.x.w.(io.ReaderFrom).ReadFrom(src)
}

func (m mindedHTTP1) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return m.x.hijack(m.x.w.(http.Hijacker).Hijack)
}

// mindedHTTP2 is for the writer of HTTP/2.
type mindedHTTP2 struct{ mindedServer }

func (m mindedHTTP2) Push(target string, opts *http.PushOptions) error {
	return m.x.w.(http.Pusher).Push(target, opts)
}
