// Package tcpproxy is a network between a client and a server that tests can sever.
package tcpproxy

import (
	"io"
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
	open    map[net.Conn]struct{}
	done    sync.WaitGroup
}

// New starts a proxy to an address, "host:port" or the path of a Unix socket. It ends with the test.
func New(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, target: target, open: map[net.Conn]struct{}{}}
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
// network does that drops packets.
func (p *Proxy) Silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silent == nil {
		p.silent = make(chan struct{})
	}
}

// Mend lets connections through again. What was silent goes on where it was.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.severed = false
	p.unmute()
}

func (p *Proxy) unmute() {
	if p.silent != nil {
		close(p.silent)
		p.silent = nil
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
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		both.Go(func() {
			defer way[0].Close()
			defer way[1].Close()
			p.copy(way[1], way[0])
		})
	}
	both.Wait()
}

func (p *Proxy) copy(to io.Writer, from io.Reader) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		silent := p.silent
		p.mu.Unlock()
		if silent != nil {
			<-silent
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
