package pgx

import (
	"context"
	"database/sql/driver"
	"errors"
	"strconv"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/sqlguard"
)

// tx is a guarded transaction, or a savepoint in one.
type tx struct {
	session *session
	closed  bool

	// Of a transaction.
	raw         jackc.Tx
	guard       driver.Tx     // nil if a batch began it, whose texts the guard has followed
	from        *pgxpool.Conn // to be released at the end; may be nil
	commitQuery string
	savepoints  int

	// Of a savepoint.
	in   *tx // its transaction
	name string
}

var _ jackc.Tx = (*tx)(nil)

// over reports whether the transaction is over, and so the connection somebody else's.
func (t *tx) over() bool { return t.closed || t.in != nil && t.in.closed }

// whole returns the transaction itself.
func (t *tx) whole() *tx {
	if t.in != nil {
		return t.in
	}
	return t
}

// Begin begins a nested transaction by a savepoint, which has the names of pgx's own.
func (t *tx) Begin(ctx context.Context) (jackc.Tx, error) {
	if t.over() {
		return nil, jackc.ErrTxClosed
	}
	whole := t.whole()
	whole.savepoints++
	name := "sp_" + strconv.Itoa(whole.savepoints)
	if _, err := t.Exec(ctx, "savepoint "+name); err != nil {
		return nil, err
	}
	return &tx{session: t.session, in: whole, name: name}, nil
}

// Commit rolls back, and returns the guard's error, if a statement of the transaction
// was refused, or it was cut off. That of a savepoint releases it.
func (t *tx) Commit(ctx context.Context) error {
	s := t.session
	switch {
	case t.over():
		return jackc.ErrTxClosed
	case t.in != nil:
		return t.end(ctx, "release savepoint ")
	}
	if err := s.allows(ctx, t.commitQuery, sqlguard.TxCommit); err != nil {
		t.Rollback(context.WithoutCancel(ctx))
		return err
	}
	defer t.finish()
	if t.guard == nil {
		return s.run(ctx, "COMMIT", t.commitBatch)
	}
	s.begin.raw, s.begin.ctx = t.raw, ctx
	return t.guard.Commit()
}

// commitBatch commits a transaction that a batch began. What its TxOptions.CommitQuery is pgx keeps to
// itself, and that may write: so while writing is closed a plain COMMIT is sent.
func (t *tx) commitBatch(ctx context.Context) error {
	s := t.session
	if s.work.Mode() != sqlguard.ReadOnly {
		return t.raw.Commit(ctx)
	}
	tag, err := s.raw.Exec(ctx, "commit")
	if err != nil && s.raw.PgConn().TxStatus() != 'I' {
		s.raw.Close(ctx) // as pgx does
	}
	if err == nil && tag.String() == "ROLLBACK" {
		err = jackc.ErrTxCommitRollback
	}
	return err
}

// Rollback rolls back. After that of a savepoint, what was refused since then is still one of
// the transaction's refusals.
func (t *tx) Rollback(ctx context.Context) error {
	s := t.session
	switch {
	case t.over():
		return jackc.ErrTxClosed
	case t.in != nil:
		return t.end(ctx, "rollback to savepoint ")
	}
	defer t.finish()
	if t.guard == nil {
		return s.run(ctx, "ROLLBACK", t.raw.Rollback)
	}
	s.begin.raw, s.begin.ctx = t.raw, ctx
	return t.guard.Rollback()
}

// end ends a savepoint.
func (t *tx) end(ctx context.Context, text string) error {
	_, err := t.Exec(ctx, text+t.name)
	t.closed = true
	return err
}

// finish closes the transaction, whose end was tried.
func (t *tx) finish() {
	t.closed = true
	t.session.begin = beginning{} // its context may be large
	from := t.from
	t.from = nil
	if from != nil {
		t.session.returned()
		from.Release()
	}
}

// returned is called before a connection goes back to its pool. One that is in a
// transaction, or has rows open, the pool drops.
func (s *session) returned() {
	ctx := context.Background()
	s.panicked()
	if s.raw.PgConn().IsBusy() {
		s.raw.Close(ctx) // as the pool does, but before the guard hears of the rows' end
	}
	if s.open != nil {
		s.open.end()
	}
	if bareIdle((*bare)(s)) && s.resetter.ResetSession(ctx) != nil {
		s.raw.Close(ctx)
	}
}

func (t *tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if t.over() {
		return pgconn.CommandTag{}, jackc.ErrTxClosed
	}
	return t.session.exec(ctx, sql, args)
}

func (t *tx) Query(ctx context.Context, sql string, args ...any) (jackc.Rows, error) {
	if t.over() {
		return failedRows(jackc.ErrTxClosed), jackc.ErrTxClosed
	}
	return t.session.query(ctx, sql, args, nil)
}

func (t *tx) QueryRow(ctx context.Context, sql string, args ...any) jackc.Row {
	if t.over() {
		return failed(jackc.ErrTxClosed).QueryRow()
	}
	return t.session.queryRow(ctx, sql, args, nil)
}

func (t *tx) SendBatch(ctx context.Context, b *jackc.Batch) jackc.BatchResults {
	switch {
	case t.over():
		return jackc.FailedBatchResults(b, jackc.ErrTxClosed)
	case beginsTx(b):
		return jackc.FailedBatchResults(b, errBatchInTx)
	}
	return t.session.sendBatch(ctx, b, nil)
}

var errBatchInTx = errors.New("Batch.BeginTx cannot be used within a transaction") // as pgx says it

// beginsTx reports whether a batch begins a transaction (Batch.BeginTx).
func beginsTx(b *jackc.Batch) bool { return jackc.FailedBatchResults(b, nil).Tx() != nil }

func (t *tx) CopyFrom(ctx context.Context, table jackc.Identifier, columns []string, source jackc.CopyFromSource) (int64, error) {
	if t.over() {
		return 0, jackc.ErrTxClosed
	}
	return t.session.copyFrom(ctx, table, columns, source)
}

// LargeObjects returns pgx's own, which the guard does not see. While writing is closed, and in a transaction
// that has taken the database's fence, what it returns fails with pgx.ErrTxClosed instead, reads included.
func (t *tx) LargeObjects() jackc.LargeObjects {
	if t.session.work.Mode() != sqlguard.ReadOnly && !t.over() && t.whole().raw != nil {
		return t.whole().raw.LargeObjects()
	}
	var b jackc.Batch
	b.BeginTx(jackc.TxOptions{})
	return jackc.FailedBatchResults(&b, jackc.ErrTxClosed).Tx().LargeObjects()
}

func (t *tx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	if t.over() {
		return nil, jackc.ErrTxClosed
	}
	return t.session.prepare(ctx, name, sql)
}

// Conn returns pgx's connection. What is done with it directly is not guarded.
func (t *tx) Conn() *jackc.Conn { return t.session.raw }
