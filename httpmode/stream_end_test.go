package httpmode_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestStatusStreamEndsWhenTheServerShutsDown(t *testing.T) {
	byBoth(t, func(t *testing.T, http2 bool) {
		m := newMiddleware(t, httpmode.Config{Guard: newGuard(t)})
		s := serveBy(t, http2, m.StatusHandler())
		var open []*stream
		for range 3 {
			events := s.follow(t, "/")
			events.state(t)
			open = append(open, events)
		}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		for range 2 {
			if err := s.Config.Shutdown(ctx); err != nil {
				t.Fatalf("Shutdown returned %v", err)
			}
		}
		for _, events := range open {
			if e, ok := events.next(t); ok || events.lines.Err() != nil {
				t.Errorf("a stream ends with %+v, %v; want a clean end", e, events.lines.Err())
			}
		}
		if m.Streams() != 0 {
			t.Errorf("%d streams are counted still", m.Streams())
		}
	})
}

func TestStatusStreamEndsWhenTheClientGoes(t *testing.T) {
	byBoth(t, func(t *testing.T, http2 bool) {
		g := newGuard(t)
		m := newMiddleware(t, httpmode.Config{Guard: g})
		h, over := ended(m.Handler(m.StatusHandler()))
		s := serveBy(t, http2, h)
		for _, c := range []sqlguard.Change{{}, readOnly} {
			hold(t, g, c)
			events := s.follow(t, "/")
			events.state(t)
			events.stop()
			await(t, over, "the client has gone, and the stream goes on")
		}
	})
}

// smallBuffers is a listener whose connections hold little that is not read yet.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetWriteBuffer(4 << 10)
	}
	return conn, err
}

// slowReader asks for a stream, and reads no more than the first line of it.
func slowReader(t *testing.T, s *httptest.Server, http2 bool) {
	t.Helper()
	if http2 {
		req, err := http.NewRequest("GET", s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/event-stream")
		client := s.Client()
		client.Transport.(*http.Transport).HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return
	}
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // it is the reading that is tested
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(secure, "GET / HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n")
	if line, err := bufio.NewReader(secure).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatalf("%q, %v", line, err)
	}
}

func TestASlowReaderIsNotWaitedForForever(t *testing.T) {
	byBoth(t, func(t *testing.T, http2 bool) {
		g := newGuard(t)
		m := newMiddleware(t, httpmode.Config{Guard: g})
		m.SetHeartbeat(100 * time.Millisecond)
		h, over := ended(m.StatusHandler())
		s := httptest.NewUnstartedServer(h)
		s.EnableHTTP2 = http2
		s.Listener = smallBuffers{s.Listener}
		s.StartTLS()
		t.Cleanup(s.Close)
		slowReader(t, s, http2)
		message := strings.Repeat("m", 2000)
		for begun := time.Now(); time.Since(begun) < 20*time.Second; {
			hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Message: message})
			g.Release("test")
			select {
			case <-over:
				return
			default:
			}
		}
		t.Fatal("the stream waits for its reader")
	})
}
