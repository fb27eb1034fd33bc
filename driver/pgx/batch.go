package pgx

import (
	"context"
	"database/sql/driver"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// sendBatch has the guard judge all texts of a batch as those of one text, because they
// share a transaction, and sends them. If from is not nil, it is released at the end.
func (s *session) sendBatch(ctx context.Context, b *jackc.Batch, from *pgxpool.Conn) jackc.BatchResults {
	if b.Len() == 0 {
		release(from)
		return s.raw.SendBatch(ctx, b) // which sends nothing
	}
	s.calling(nil)
	s.call.batch = b
	inner, err := s.queryer.QueryContext(ctx, b.QueuedQueries[0].SQL, s.other[:])
	s.called()
	switch {
	case err != nil:
		release(from)
		return jackc.FailedBatchResults(b, err)
	case !s.call.sent:
		inner.Close()
		release(from)
		return &droppedBatch{BatchResults: jackc.FailedBatchResults(b, errDroppedBatch), left: b.QueuedQueries}
	}
	br := s.call.results
	s.call.results = nil
	br.guard, br.from = inner, from
	s.open = br
	if raw := br.BatchResults.Tx(); raw != nil {
		br.tx = &tx{session: s, raw: raw, from: from}
		br.from = nil // which the transaction releases
	}
	return br
}

// batchResults are pgx's own, whose end the guard hears of.
type batchResults struct {
	jackc.BatchResults
	session *session
	guard   driver.Rows // nil when they are at their end
	closer  *batchCloser
	from    *pgxpool.Conn
	tx      *tx // nil if the batch began none
	err     error
}

// batchCloser is batchResults as the guard sees them, which does not forget them before the next. At the
// end it lets go of them, and of the batch, which may be large.
type batchCloser struct{ of *batchResults }

func (*batchCloser) Columns() []string                { return noDriverRows{}.Columns() }
func (*batchCloser) Next(values []driver.Value) error { return noDriverRows{}.Next(values) }

func (c *batchCloser) Close() error {
	if c.of != nil {
		c.of.err = c.of.BatchResults.Close()
		return c.of.err
	}
	return nil
}

func (br *batchResults) Close() error {
	br.end()
	return br.err
}

func (br *batchResults) end() {
	guard := br.guard
	if guard == nil {
		return
	}
	br.session.unsent = false
	err := guard.Close() // which may panic, in a function of the batch's, and goes on when it is called again
	if br.guard == nil {
		return // such a function has called it
	}
	if br.err == nil {
		br.err = err // of the commit of the guard's own transaction
	}
	br.guard, br.closer.of = nil, nil
	if br.session.open == ender(br) {
		br.session.open = nil
	}
	release(br.from)
	if br.tx != nil && br.session.raw.PgConn().TxStatus() == 'I' {
		br.tx.finish() // it did not begin
	}
}

// Tx returns the transaction that the batch began, or nil.
func (br *batchResults) Tx() jackc.Tx {
	if br.tx == nil {
		return nil
	}
	return br.tx
}

// droppedBatch are the results of a batch that was dropped: each of its queries has
// affected nothing and has no rows.
type droppedBatch struct {
	jackc.BatchResults
	left   []*jackc.QueuedQuery
	closed bool
	err    error
}

// errDroppedBatch is for who asks for more results than there are queries.
var errDroppedBatch = jackc.ErrNoRows

// next reports whether there is another result.
func (d *droppedBatch) next() bool {
	if len(d.left) == 0 {
		return false
	}
	d.left = d.left[1:]
	return true
}

func (d *droppedBatch) Exec() (pgconn.CommandTag, error) {
	if !d.next() {
		return d.BatchResults.Exec()
	}
	return pgconn.CommandTag{}, nil
}

func (d *droppedBatch) Query() (jackc.Rows, error) {
	if !d.next() {
		return d.BatchResults.Query()
	}
	return newDroppedRows(), nil
}

func (d *droppedBatch) QueryRow() jackc.Row {
	d.next()
	return failed(jackc.ErrNoRows).QueryRow()
}

// Close calls the functions of the queries that are left, as pgx does.
func (d *droppedBatch) Close() error {
	for !d.closed && d.err == nil && len(d.left) > 0 {
		if fn := d.left[0].Fn; fn != nil {
			d.err = fn(d)
		} else {
			d.next()
		}
	}
	d.closed = true
	return d.err
}
