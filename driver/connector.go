package driver

import (
	"context"
	"database/sql/driver"
	"io"
)

// connector wraps a driver.Connector.
type connector struct {
	inner  driver.Connector
	driver driver.Driver // guarded, so that who asks for it gets no way around
	ender  *ender
	*guarding
}

// closingConnector is a connector whose wrapped one has something to close.
type closingConnector struct {
	*connector
}

var (
	_ driver.Connector = (*connector)(nil)
	_ io.Closer        = closingConnector{}
)

func wrapConnector(inner driver.Connector, d driver.Driver, g *guarding) driver.Connector {
	if c, ok := inner.(guardedConnector); ok && c.guardedBy().same(g) {
		return inner
	}
	c := &connector{inner: inner, driver: d, guarding: g, ender: newEnder(g, inner)}
	if _, ok := inner.(io.Closer); ok {
		return closingConnector{c}
	}
	return c
}

// guardedConnector is what both types of connectors of this package are.
type guardedConnector interface{ guardedBy() *guarding }

func (c *connector) guardedBy() *guarding { return c.guarding }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	guarded := wrapConn(inner, c.guarding, c.ender)
	if own, ok := guarded.(expecting); ok {
		own.expect(ctx)
	}
	return guarded, nil
}

func (c *connector) Driver() driver.Driver { return c.driver }

// Unwrap returns the wrapped connector, whose connections are not guarded.
func (c *connector) Unwrap() driver.Connector { return c.inner }

func (c closingConnector) Close() error { return c.inner.(io.Closer).Close() }
