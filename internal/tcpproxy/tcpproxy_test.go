package tcpproxy_test

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/internal/tcpproxy"
)

// echo starts a server that says again what it is told.
func echo(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return listener.Addr().String()
}

func TestANetworkThatIsSeveredAndMended(t *testing.T) {
	p := tcpproxy.New(t, echo(t))
	say := func(c net.Conn) (string, error) {
		if _, err := io.WriteString(c, "hello\n"); err != nil {
			return "", err
		}
		return bufio.NewReader(c).ReadString('\n')
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", p.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	c := dial()
	if s, err := say(c); s != "hello\n" {
		t.Fatalf("it answers %q, %v", s, err)
	}
	p.Sever()
	if s, err := say(c); err == nil {
		t.Errorf("severed, it answers %q", s)
	}
	if s, err := say(dial()); err == nil {
		t.Errorf("severed, it answers %q to a new connection", s)
	}
	p.Mend()
	c = dial()
	if s, err := say(c); s != "hello\n" {
		t.Errorf("mended, it answers %q, %v", s, err)
	}
	p.Silence()
	c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if s, err := say(c); err == nil {
		t.Errorf("silent, it answers %q", s)
	}
	p.Mend()
	c.SetReadDeadline(time.Time{})
	if s, err := bufio.NewReader(c).ReadString('\n'); s != "hello\n" {
		t.Errorf("after the silence it answers %q, %v", s, err)
	}
}

// TestANetworkThatHasForgottenWhatWasOpen lets what comes through, and what was open once it is mended.
func TestANetworkThatHasForgottenWhatWasOpen(t *testing.T) {
	p := tcpproxy.New(t, echo(t))
	type client struct {
		net.Conn
		answers *bufio.Reader
	}
	dial := func() client {
		c, err := net.Dial("tcp", p.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return client{c, bufio.NewReader(c)}
	}
	answers := func(what string, c client) {
		t.Helper()
		if s, err := c.answers.ReadString('\n'); s != "hello\n" {
			t.Errorf("%s answers %q, %v", what, s, err)
		}
	}
	for range 2 {
		old := dial()
		io.WriteString(old, "hello\n")
		answers("what is open", old)
		p.SilenceOpen()
		io.WriteString(old, "hello\n")
		later := dial()
		io.WriteString(later, "hello\n")
		answers("what came later", later)
		old.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if s, err := old.answers.ReadString('\n'); err == nil {
			t.Errorf("what was open answers %q", s)
		}
		p.Mend()
		old.SetReadDeadline(time.Time{})
		answers("what was open, afterwards,", old)
		io.WriteString(old, "hello\n")
		answers("the same once more", old)
	}
}

// TestWhatASilentNetworkHeldBack sends into a silence and goes away: it arrives when the silence is over.
func TestWhatASilentNetworkHeldBack(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p := tcpproxy.New(t, listener.Addr().String())
	client, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	p.Silence()
	if _, err := io.WriteString(client, "hello\n"); err != nil {
		t.Fatal(err)
	}
	await(t, p, 1)
	client.Close()
	p.Mend()
	if said, err := io.ReadAll(server); string(said) != "hello\n" || err != nil {
		t.Errorf("the server hears %q, %v, and not all until the end", said, err)
	}
	if n := p.Held(); n != 1 {
		t.Errorf("before the server has answered, %d connections are held back", n)
	}
	if _, err := io.WriteString(server, "good bye\n"); err != nil {
		t.Fatal(err)
	}
	await(t, p, 0)
}

// await waits until so many connections are held back.
func await(t *testing.T, p *tcpproxy.Proxy, n int) {
	t.Helper()
	for began := time.Now(); p.Held() != n; time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("%d connections are held back, not %d", p.Held(), n)
		}
	}
}
