package httpmode_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestOptionalInterfacesSurvive(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	var http1, http2 string
	names := func(w http.ResponseWriter) string {
		_, flusher := w.(http.Flusher)
		_, hijacker := w.(http.Hijacker)
		_, readerFrom := w.(io.ReaderFrom)
		_, pusher := w.(http.Pusher)
		_, stringWriter := w.(io.StringWriter)
		_, flushErrorer := w.(interface{ FlushError() error })
		_, closeNotifier := w.(interface{ CloseNotify() <-chan bool })
		control := http.NewResponseController(w)
		return fmt.Sprintf("flush %t %t hijack %t readfrom %t push %t string %t close %t duplex %v deadlines %v %v",
			flusher, flushErrorer, hijacker, readerFrom, pusher, stringWriter, closeNotifier,
			control.EnableFullDuplex(), control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{}))
	}
	h := newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, names(w))
	}))
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, names(w)) })
	for _, handler := range []http.Handler{bare, h} {
		one := httptest.NewServer(handler)
		resp, err := one.Client().Get(one.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		one.Close()
		two := serve(t, handler).do(t, "GET", "/", "").body
		if http1 == "" {
			http1, http2 = string(body), two
		} else if string(body) != http1 || two != http2 {
			t.Errorf("wrapped:\n%s\n%s\nbare:\n%s\n%s", body, two, http1, http2)
		}
	}
}

// Writers of middleware outside, by what they have.
type (
	plainOutside    struct{ http.ResponseWriter }
	flushingOutside struct {
		http.ResponseWriter
		http.Flusher
	}
	stringOutside struct {
		http.ResponseWriter
		http.Flusher
		io.StringWriter
	}
	everythingOutside struct { // more than net/http's
		http1Writer
		http.Pusher
	}
	http1Writer interface {
		http.ResponseWriter
		http.Flusher
		io.StringWriter
		http.Hijacker
		io.ReaderFrom
		FlushError() error
		CloseNotify() <-chan bool
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
		EnableFullDuplex() error
	}
	hijackingOutside struct {
		http.ResponseWriter
		http.Flusher
		io.StringWriter
		http.Hijacker
	}
)

func TestWritersOfOtherMiddlewareKeepTheirInterfaces(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	recorder := httptest.NewRecorder()
	for _, w := range []http.ResponseWriter{
		recorder, plainOutside{recorder}, flushingOutside{recorder, recorder},
		stringOutside{recorder, recorder, recorder}, hijackingOutside{recorder, recorder, recorder, nil},
	} {
		t.Run(fmt.Sprintf("%T", w), func(t *testing.T) {
			names := func(w http.ResponseWriter) string {
				_, flusher := w.(http.Flusher)
				_, hijacker := w.(http.Hijacker)
				_, readerFrom := w.(io.ReaderFrom)
				_, pusher := w.(http.Pusher)
				_, stringWriter := w.(io.StringWriter)
				_, closeNotifier := w.(interface{ CloseNotify() <-chan bool })
				return fmt.Sprint(flusher, hijacker, readerFrom, pusher, stringWriter, closeNotifier)
			}
			newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(inner http.ResponseWriter, r *http.Request) {
				if got, want := names(inner), names(w); got != want {
					t.Errorf("the handler's writer has %s, want %s", got, want)
				}
				inner.Header().Set("Set-Cookie", "session=1")
				io.WriteString(inner, "page")
			})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if recorder.Header().Get("Set-Cookie") != "" {
				t.Error("the cookie came through")
			}
			clear(recorder.Header())
		})
	}
}

func TestAWriterThatHasMoreThanNetHTTPKeepsIt(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	inner := newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pushes := w.(http.Pusher); !pushes {
			t.Error("the handler's writer has no Push")
		}
		w.Header().Set("Set-Cookie", "session=1")
		io.WriteString(w, "page")
	}))
	s := serveBy(t, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(everythingOutside{w.(http1Writer), nil}, r)
	}))
	if got := s.do(t, "GET", "/", ""); got.body != "page" || got.header.Get("Set-Cookie") != "" {
		t.Errorf("got %q, %v", got.body, got.header)
	}
}

func TestHijackedConnectionIsTheHandlersOwn(t *testing.T) {
	g := newGuard(t)
	hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true})
	m := newMiddleware(t, httpmode.Config{Guard: g})
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := write(r.Context(), g)
		conn, _, hijackErr := w.(http.Hijacker).Hijack()
		if hijackErr != nil {
			t.Error(hijackErr)
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 500 Mine\r\nContent-Length: 3\r\n\r\nraw")
		if m.WriteError(w, r, err) {
			t.Error("WriteError says that it answered on a connection that is not ours")
		}
	}))
	s := httptest.NewServer(h)
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	got, err := io.ReadAll(conn)
	if err != nil || string(got) != "HTTP/1.1 500 Mine\r\nContent-Length: 3\r\n\r\nraw" {
		t.Errorf("got %q, %v", got, err)
	}
}

// onlyUnwrap is what many logging middlewares hand on.
type onlyUnwrap struct{ http.ResponseWriter }

func (w onlyUnwrap) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestResponseControllerCannotFlushPastTheHooks(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	inner := newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=1")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	}))
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(onlyUnwrap{onlyUnwrap{w}}, r)
	}))
	if got := s.do(t, "GET", "/", ""); got.header.Get("Set-Cookie") != "" {
		t.Error("the cookie came through")
	}
}
