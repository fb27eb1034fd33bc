package enginetest

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// Sockets is a connector that knows the sockets of its connections, so that they
// can be closed under the driver. Give Dial to the connector inside.
type Sockets struct {
	driver.Connector
	open sync.Map     // driver.Conn to net.Conn
	lone atomic.Int64 // dials that were for no connection
}

type socketKey struct{}

// Dial connects to what the driver's configuration says. What is dialled besides
// connections, to cancel a statement of which the client has lost sight, fails every other time: who
// loses a connection may have lost the network.
func (s *Sockets) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dialled, ok := ctx.Value(socketKey{}).(*net.Conn)
	if !ok && s.lone.Add(1)%2 == 0 {
		return nil, errors.New("the network is lost")
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if ok && err == nil {
		*dialled = conn
	}
	return conn, err
}

// Connect notes which socket the new connection has.
func (s *Sockets) Connect(ctx context.Context) (driver.Conn, error) {
	var socket net.Conn
	conn, err := s.Connector.Connect(context.WithValue(ctx, socketKey{}, &socket))
	if err == nil {
		s.open.Range(func(conn, socket any) bool {
			if closed(socket) {
				s.open.Delete(conn)
			}
			return true
		})
		s.open.Store(conn, socket)
	}
	return conn, err
}

// closed reports whether a socket was closed, without a change to it.
func closed(socket any) bool {
	s, ok := socket.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	return err != nil || raw.Control(func(uintptr) {}) != nil
}

// Of returns the socket of what Conn.Raw gives.
func (s *Sockets) Of(c any) (net.Conn, error) {
	for c != nil {
		if socket, ok := s.open.Load(c); ok {
			return socket.(net.Conn), nil
		}
		wrapped, ok := c.(interface{ Unwrap() driver.Conn })
		if !ok {
			break
		}
		c = wrapped.Unwrap()
	}
	return nil, errors.New("the connection has no socket")
}
