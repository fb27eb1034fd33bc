package store_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy stands between a client and a server that listens on a socket.
type proxy struct {
	address string
	// requests counts what clients sent. Each client waits for its answer before it sends more.
	requests atomic.Int64
	// Answers are lost, with the connection, or never come.
	lose, hang atomic.Bool

	lock  sync.Mutex
	conns []net.Conn
}

func startProxy(t *testing.T, socket string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: listener.Addr().String()}
	t.Cleanup(func() { listener.Close(); p.cut() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", socket)
			if err != nil {
				client.Close()
				continue
			}
			p.lock.Lock()
			p.conns = append(p.conns, client, server)
			p.lock.Unlock()
			go p.copy(server, client, func() bool { p.requests.Add(1); return true })
			go p.copy(client, server, func() bool { return !p.lose.Load() })
		}
	}()
	return p
}

// copy copies until pass returns false, or either end closes.
func (p *proxy) copy(to io.WriteCloser, from io.ReadCloser, pass func() bool) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := from.Read(buffer)
		if err != nil || !pass() {
			return
		}
		if p.hang.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// cut cuts all connections.
func (p *proxy) cut() {
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}
