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
	if c.guard.Mode() != sqlguard.Off || c.transaction.watched() {
		if err := c.clearTransaction(ctx); err != nil {
			return nil, err
		}
		if c.beginner != nil && c.guard.AsksReadOnly(ctx) {
			opts.ReadOnly = true
		}
	}
	return c.opened(c.begin(ctx, opts))
}

// Begin is not called by database/sql, since there is BeginTx.
func (c *conn) Begin() (driver.Tx, error) {
	if c.guard.Mode() != sqlguard.Off || c.transaction.watched() {
		return c.BeginTx(context.Background(), driver.TxOptions{})
	}
	return c.opened(c.inner.Begin())
}

func (c *conn) opened(inner driver.Tx, err error) (driver.Tx, error) {
	if err != nil {
		return nil, err
	}
	if c.transaction.refused != nil {
		c.transaction = transaction{} // or another could not have begun
	}
	c.transaction.driver = true
	c.tx.inner = inner
	return &c.tx, nil
}

// Commit rolls back, and returns the guard's error, if a statement of the
// transaction was refused, whatever the mode is by now.
func (t *tx) Commit() error {
	state := &t.conn.transaction
	if r := state.refused; r != nil {
		err := t.Rollback()
		return afterRefusal(r, opCommit, err == nil)
	}
	err := t.inner.Commit()
	*state = transaction{unsure: err != nil}
	return err
}

const opCommit sqlguard.Op = "COMMIT"

func (t *tx) Rollback() error {
	state := &t.conn.transaction
	err := t.inner.Rollback()
	if err == nil {
		*state = transaction{}
		return nil
	}
	// It may be open still. If it is doomed, the pool rolls it back or drops the
	// connection.
	*state = transaction{unsure: true, begun: state.refused != nil, refused: state.refused}
	return err
}
