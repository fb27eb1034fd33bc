package pgx

import (
	"cmp"
	"context"
	"database/sql/driver"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/sqlguard"
)

// beginning is a transaction on its way through the guard.
type beginning struct {
	options jackc.TxOptions
	raw     jackc.Tx        // nil if text is there
	text    *textTx         // a transaction with the fence
	ctx     context.Context // of its commit or rollback
}

// beginTx begins a guarded transaction. If from is not nil, it is released when the
// transaction ends, or did not begin.
func (s *session) beginTx(ctx context.Context, o jackc.TxOptions, from *pgxpool.Conn) (jackc.Tx, error) {
	s.begin = beginning{options: o}
	inner, err := s.beginner.BeginTx(ctx, driver.TxOptions{
		ReadOnly: o.AccessMode == jackc.ReadOnly && o.BeginQuery == "",
	})
	if err != nil {
		release(from)
		return nil, err
	}
	return &tx{session: s, raw: s.begin.raw, guard: inner, from: from, commitQuery: o.CommitQuery}, nil
}

// allowsOptions looks at the texts of a transaction that is about to begin. The mode is read here after the guard
// has marked the transaction: see sqlguard.Conn.
func (s *session) allowsOptions(ctx context.Context, o jackc.TxOptions) error {
	if s.work.Mode() != sqlguard.ReadOnly {
		return nil
	}
	if o.AccessMode == jackc.ReadWrite {
		o.AccessMode = "" // it is the guard that says it
	}
	var b jackc.Batch
	b.BeginTx(o) // which tells what pgx makes of the options, all of which are texts
	if err := s.allows(ctx, b.QueuedQueries[0].SQL, sqlguard.TxBegin); err != nil {
		return err
	}
	return s.allows(ctx, o.CommitQuery, sqlguard.TxCommit)
}

// allows looks at a text that begins or commits in place of pgx's own: while writing is
// closed it must do nothing else.
func (s *session) allows(ctx context.Context, text string, does sqlguard.Tx) error {
	if text == "" || s.work.Mode() != sqlguard.ReadOnly {
		return nil
	}
	v := dialect{}.Classify(text)
	if v.Class == sqlguard.Session && v.Tx == does && len(v.Parts) == 0 {
		return nil
	}
	return s.guard.Refuse(ctx, dialect{}.Name(), &v, "stands in TxOptions for a text that begins or commits a transaction, and may do more")
}

// BeginTx begins the transaction that the session is about to begin. It is read-only if
// the guard says so, whatever was asked for.
func (b *bare) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	b.sending = true
	defer func() { b.sending = false }()
	options := b.begin.options
	if err := (*session)(b).allowsOptions(ctx, options); err != nil {
		return nil, err
	}
	if o.ReadOnly {
		options.AccessMode = jackc.ReadOnly
	}
	raw, err := b.raw.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	if o.ReadOnly && options.BeginQuery != "" { // which does not say it
		if _, err := b.raw.Exec(ctx, "SET TRANSACTION READ ONLY"); err != nil {
			raw.Rollback(context.WithoutCancel(ctx))
			return nil, err
		}
	}
	b.begin.raw = raw
	return (*bareTx)(b), nil
}

// bareTx is the open transaction as the guard sees it.
type bareTx bare

func (t *bareTx) Commit() error {
	b := &t.begin
	t.unsent = false
	if b.text != nil {
		return b.text.commit(b.ctx, cmp.Or(b.options.CommitQuery, "commit"))
	}
	return b.raw.Commit(b.ctx)
}

func (t *bareTx) Rollback() error {
	b := &t.begin
	if b.text != nil {
		return b.text.rollback(b.ctx)
	}
	return b.raw.Rollback(b.ctx)
}

// bareBeginWith is beginWith for a session.
func bareBeginWith(ctx context.Context, c driver.Conn, _ driver.TxOptions, texts []string) (driver.Tx, error) {
	b := c.(*bare)
	b.sending = true
	defer func() { b.sending = false }()
	text := &textTx{conn: b.raw}
	if err := text.begin(ctx, b.begin.options, texts); err != nil {
		return nil, err
	}
	b.begin.text = text
	return (*bareTx)(b), nil
}
