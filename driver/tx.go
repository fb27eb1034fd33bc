//lint:file-ignore SA1019 A wrapper has the deprecated interfaces that the driver has.

package driver

import (
	"context"
	"database/sql/driver"

	"github.com/quiescehq/quiesce/sqlguard"
)

// tx wraps a driver.Tx. A connection has at most one open, and keeps it.
type tx struct {
	conn  *conn
	inner driver.Tx
}

var _ driver.Tx = (*tx)(nil)

// BeginTx does without driver.ConnBeginTx what database/sql does without it.
// While the mode is read-only it asks for a read-only transaction, if the inner
// connection can be asked: then the engine refuses what no text shows, such as
// functions that write.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.work.Begin(ctx)
	if c.work.Off() && !c.transaction.watched() && !c.net.armed {
		inner, err := c.begin(ctx, opts)
		return c.began(inner, false, err)
	}
	if err := c.clearTransaction(ctx); err != nil {
		return c.began(nil, false, err)
	}
	c.work.Begin(ctx) // where what was cleared has taken the mark with it
	if c.netted {
		v := sqlguard.Verdict{Class: sqlguard.Session, Op: "BEGIN", Tx: sqlguard.TxBegin}
		if err := c.tell(ctx, c.tellingToBegin(ctx, opts.ReadOnly), &v); err != nil {
			return c.began(nil, false, err)
		}
	}
	if c.beginner != nil && c.guard.AsksReadOnly(ctx) {
		opts.ReadOnly = true
	}
	fences := c.work.Fences()
	if fences {
		if err := c.fenceUnseen(ctx, beginning); err != nil {
			return c.began(nil, false, err)
		}
	}
	if fences && !opts.ReadOnly {
		inner, err := c.beginFenced(ctx, opts)
		return c.began(inner, false, err)
	}
	armed := opts.ReadOnly && (fences || c.guard.Mode() == sqlguard.ReadOnly) && c.engine.Begin != ""
	inner, err := c.begin(ctx, opts)
	return c.began(inner, armed, err)
}

// Begin is not called by database/sql, since there is BeginTx.
func (c *conn) Begin() (driver.Tx, error) {
	ctx := context.Background()
	c.work.Begin(ctx)
	if !c.work.Off() || c.transaction.watched() || c.net.armed {
		return c.BeginTx(ctx, driver.TxOptions{})
	}
	inner, err := c.inner.Begin()
	return c.began(inner, false, err)
}

func (c *conn) began(inner driver.Tx, armed bool, err error) (driver.Tx, error) {
	if err != nil {
		if !c.transaction.known() || c.transaction.refused != nil {
			c.work.End()
		}
		return nil, err
	}
	if c.transaction.dead() {
		c.transaction = transaction{} // or another could not have begun
	}
	c.transaction.driver, c.transaction.armed = true, armed
	c.tx.inner = inner
	return &c.tx, nil
}

// Commit rolls back, and returns the guard's error, if a statement of the
// transaction was refused, or it was cut off, whatever the mode is by now.
func (t *tx) Commit() error {
	c := t.conn
	if r := c.transaction.refused; r != nil {
		err := t.Rollback()
		return afterRefusal(r, opCommit, err == nil)
	}
	ctx := c.work.Committing()
	if c.work.Cut() {
		c.work.Leave()
		err := t.Rollback()
		v := sqlguard.Verdict{Class: sqlguard.Session, Op: opCommit}
		return c.guard.Refuse(ctx, c.name, &v, "the transaction was cut off, so "+outcome(err == nil))
	}
	err := t.inner.Commit()
	c.transaction = transaction{}
	if err != nil {
		c.transaction.unsure = unseen
		if c.lost(ctx, err) {
			c.lose()
			c.work.End()
			return err
		}
	}
	c.work.Committed()
	return err
}

const opCommit sqlguard.Op = "COMMIT"

func (t *tx) Rollback() error {
	c := t.conn
	before := c.transaction
	before.cut = before.cut || c.work.Cut()
	err := t.inner.Rollback()
	c.transaction = transaction{}
	if err != nil {
		// It may be open still. If it is dead, the pool rolls it back or drops the
		// connection, when that is used again: nobody need wait for it.
		c.transaction = transaction{unsure: unseen, begun: before.dead(), refused: before.refused, cut: before.cut}
		if before.cut {
			return err // and the mark stays, which tells that it was cut
		}
	}
	c.work.End()
	return err
}
