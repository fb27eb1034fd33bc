package enginetest

import (
	"context"
	"net"
	"sync/atomic"
)

// Wire counts what goes to a server, below the driver: whatever a driver calls it,
// what was not written was not sent.
type Wire struct {
	Connections, Writes atomic.Int64
}

// Dial connects, and counts.
func (w *Wire) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.Connections.Add(1)
	return &wire{Conn: c, counts: w}, nil
}

type wire struct {
	net.Conn
	counts *Wire
}

func (c *wire) Write(b []byte) (int, error) {
	c.counts.Writes.Add(1)
	return c.Conn.Write(b)
}
