package driver

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// ender ends sessions of one pool that were lost, over connections of its own.
type ender struct {
	*guarding
	connector driver.Connector
}

var _ sqlguard.SessionEnder = (*ender)(nil)

// newEnder returns nil where sessions cannot be ended.
func newEnder(g *guarding, c driver.Connector) *ender {
	if g.sessionOf == nil || g.endSessions == nil {
		return nil
	}
	return &ender{g, c}
}

// endWithin bounds how long one attempt takes.
const endWithin = 10 * time.Second

// EndSessions connects, and returns once none of the sessions is there any more.
func (e *ender) EndSessions(ctx context.Context, lost []sqlguard.LostSession) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	c, err := e.connector.Connect(ctx)
	if err != nil {
		return fmt.Errorf("driver: ending %d sessions that were lost: connecting: %w", len(lost), err)
	}
	defer c.Close()
	for {
		passed := time.Since(began)
		began = began.Add(passed)
		for i := range lost {
			lost[i].Ago += passed
		}
		left, err := e.endSessions(ctx, c, lost)
		switch {
		case err != nil:
			return fmt.Errorf("driver: ending %d sessions that were lost: %w", len(lost), err)
		case left == 0:
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("driver: %d sessions that were lost do not end: %w", left, ctx.Err())
		}
	}
}

// expecting is what all types of connections of this package are.
type expecting interface{ expect(context.Context) }

// expect notes which session the connection has, if it may have to be ended.
func (c *conn) expect(ctx context.Context) {
	if c.ender != nil && !c.work.Identified() && c.work.FenceExpected() {
		c.identify(ctx)
	}
}

func (c *conn) identify(ctx context.Context) {
	if c.ender == nil || c.work.Identified() {
		return
	}
	if id, err := c.sessionOf(ctx, c.inner); err == nil {
		c.work.Session(id, c.ender)
	}
}

// lose marks the end of a statement whose outcome is unknown.
func (c *conn) lose() {
	c.identify(context.Background())
	if c.work.Lost(); c.closed != nil && c.closed(c.inner) {
		c.work.Dead()
	}
}
