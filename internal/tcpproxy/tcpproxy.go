// Package tcpproxy is a network between a client and a server that tests can sever.
package tcpproxy

import (
	"net"
	"sync"
	"testing"
)

// Proxy passes connections on to a server, until it is severed.
type Proxy struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	severed bool
	silent  chan struct{} // closed when silence ends; nil if nothing is silent
	stuck   chan struct{} // of those that are open, where others pass; nil if there is none
	links   map[*link]struct{}
	open    map[net.Conn]struct{}
	held    map[*link]fate
	done    sync.WaitGroup
}

// New starts a proxy to an address, "host:port" or the path of a Unix socket. It ends with the test.
func New(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, target: target, open: map[net.Conn]struct{}{}, held: map[*link]fate{}, links: map[*link]struct{}{}}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		listener.Close()
		p.Sever()
		p.done.Wait()
	})
	return p
}

// Addr is where clients connect, "127.0.0.1:port"; Port is the port alone.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Port is the port at which clients connect.
func (p *Proxy) Port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// Sever closes all connections at once, and those that come.
func (p *Proxy) Sever() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.severed = true
	p.unmute()
	for c := range p.open {
		c.Close()
	}
}

// Silence lets nothing through any more, in either direction, without closing anything: what a
// network does that drops packets. What a client has sent meanwhile arrives after Mend, even if the client is gone by
// then, as it does where its kernel sends it again.
func (p *Proxy) Silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silent == nil {
		p.silent = make(chan struct{})
	}
}

// SilenceOpen is Silence for the connections that are open, while those that come get through: what a firewall does that
// has forgotten the connections it knew.
func (p *Proxy) SilenceOpen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stuck == nil {
		p.stuck = make(chan struct{})
	}
	for l := range p.links {
		l.stuck = p.stuck
	}
}

// Mend lets connections through again. What was silent goes on where it was.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.severed = false
	p.unmute()
}

// Held returns of how many connections it has held back what the client has sent, and the server has not answered since,
// nor closed the connection: 0 some time after Mend.
func (p *Proxy) Held() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held)
}

func (p *Proxy) unmute() {
	if p.silent != nil {
		close(p.silent)
		p.silent = nil
	}
	if p.stuck != nil {
		close(p.stuck)
		p.stuck = nil
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if !p.keep(client) {
			continue
		}
		p.done.Go(func() { p.serve(client) })
	}
}

// keep notes a connection, or closes it if the proxy is severed.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.severed {
		c.Close()
		return false
	}
	p.open[c] = struct{}{}
	return true
}

func (p *Proxy) forget(c net.Conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

func (p *Proxy) serve(client net.Conn) {
	defer p.forget(client)
	network := "tcp"
	if p.target[0] == '/' {
		network = "unix"
	}
	server, err := net.Dial(network, p.target)
	if err != nil || !p.keep(server) {
		return
	}
	defer p.forget(server)
	l := &link{proxy: p, client: client, server: server}
	p.mu.Lock()
	p.links[l] = struct{}{}
	p.mu.Unlock()
	defer p.note(l, over)
	var both sync.WaitGroup
	both.Go(func() {
		l.copy(server, client)
		// The client has gone. The server is told, and still reads all that was sent before.
		if half, ok := server.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
			server.Close()
		}
	})
	both.Go(func() {
		defer client.Close()
		defer server.Close()
		l.copy(client, server)
	})
	both.Wait()
}

// link is a connection of a client, and the one to the server that belongs to it.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	stuck          chan struct{} // the proxy's, or one that is closed; nil if it was never silent alone
}

// What happens to what a client has sent into a silence.
type fate int

const (
	heldBack fate = iota
	passedOn
	answered
	over
)

// note notes what has happened on a link.
func (p *Proxy) note(l *link, what fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, there := p.held[l]
	switch {
	case what == over:
		delete(p.links, l)
		delete(p.held, l)
	case what == answered && there && last == passedOn:
		delete(p.held, l)
	case what != answered:
		p.held[l] = what
	}
}

// silent returns what is closed when the link goes on; nil if it is not silent.
func (l *link) silent() chan struct{} {
	select {
	case <-l.stuck: // never, if there is none
		l.stuck = nil
	default:
	}
	if l.proxy.silent == nil {
		return l.stuck
	}
	return l.proxy.silent
}

// copy passes on what one side says, after the silence if there is one, until it has gone or the other side has.
func (l *link) copy(to, from net.Conn) {
	asks := from == l.client
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if !asks {
			l.proxy.note(l, answered)
		}
		l.proxy.mu.Lock()
		silent := l.silent()
		l.proxy.mu.Unlock()
		if silent != nil && asks {
			l.proxy.note(l, heldBack)
		}
		if silent != nil {
			<-silent
		}
		if silent != nil && asks {
			l.proxy.note(l, passedOn)
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
