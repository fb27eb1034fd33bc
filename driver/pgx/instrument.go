package pgx

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Instrument spans a net under a pool that must be pgx's own, such as River's: with the
// mode read-only it refuses Exec, Query, SendBatch and CopyFrom, also those of LargeObjects and of
// what Conn returns, and keeps the connection. Call it before the pool is made. It adds a tracer to
// config.ConnConfig.Tracer; one that is there is kept, with all that it traces. If g is nil,
// [sqlguard.Default] guards. It fails if the guard has an error.
//
// It is less than [Pool], and may stand under one:
//
//   - The refusal is wrapped in pgx's "context already done", and pgconn.SafeToRetry holds it
//     for one that may be retried. Ask errors.Is(err, sqlguard.ErrReadOnly) first.
//   - BEGIN, COMMIT and ROLLBACK always pass, because to refuse them costs the connection. So a
//     transaction may commit what it has written before a refusal, if its program ignores that. A
//     drain waits for its end, whatever becomes of it; [sqlguard.Guard.Cut] has no power over it.
//   - What only the engine can judge is refused, and so is what a rule would skip.
//   - It cannot take the database's fence ([sqlguard.Change.Fence]): while that is asked for, it refuses what may
//     write, also with the mode off. What a connection was lost with is waited for until it is older than the tail.
//   - It sees nothing of what is done with a PgConn.
//
// It must not be used beneath database/sql, which would take a refusal for a bad connection;
// [OpenDBFromPool] returns an error.
func Instrument(config *pgxpool.Config, g *sqlguard.Guard) error {
	if g == nil {
		g = sqlguard.Default()
	}
	if err := g.Err(); err != nil {
		return err
	}
	under := &net{g, "quiesce net " + strconv.FormatUint(nets.Add(1), 10)}
	closing := config.BeforeClose
	config.BeforeClose = func(raw *jackc.Conn) {
		if k, ok := raw.PgConn().CustomData()[under.key].(*knot); ok {
			k.work.Detach()
		}
		if closing != nil {
			closing(raw)
		}
	}
	tracers := []jackc.QueryTracer{under}
	if t := config.ConnConfig.Tracer; t != nil {
		tracers = []jackc.QueryTracer{t, under} // so that t hears of what is refused
	}
	config.ConnConfig.Tracer = &netted{multitracer.New(tracers...)}
	return nil
}

// netted is the tracer of a configuration with a net.
type netted struct{ *multitracer.Tracer }

// net refuses by a context that is done: pgx looks at that before it sends anything, after
// it has called the tracer (pgx v5.12).
type net struct {
	guard *sqlguard.Guard
	key   string // of the knot in a connection's custom data, for a pool may have the nets of several guards
}

// nets counts them.
var nets atomic.Uint64

var (
	_ jackc.QueryTracer    = (*net)(nil)
	_ jackc.BatchTracer    = (*net)(nil)
	_ jackc.CopyFromTracer = (*net)(nil)
	_ jackc.PrepareTracer  = (*net)(nil)
)

func (n *net) TraceQueryStart(ctx context.Context, c *jackc.Conn, d jackc.TraceQueryStartData) context.Context {
	if n.passes(ctx, c, d.SQL) {
		return ctx
	}
	v := traced(ctx, d.SQL, d.Args)
	return n.judge(ctx, &v)
}

func (n *net) TraceBatchStart(ctx context.Context, c *jackc.Conn, d jackc.TraceBatchStartData) context.Context {
	text := "" // an empty batch sends nothing
	if d.Batch.Len() > 0 {
		text = d.Batch.QueuedQueries[0].SQL
	}
	if n.passes(ctx, c, text) {
		return ctx
	}
	var parts []sqlguard.Verdict
	for _, q := range d.Batch.QueuedQueries {
		v := traced(ctx, q.SQL, q.Arguments)
		if len(v.Parts) == 0 {
			v.Parts = []sqlguard.Verdict{v}
		}
		parts = append(parts, v.Parts...)
	}
	v := sqlguard.Combine(parts)
	return n.judge(ctx, &v)
}

func (n *net) TraceCopyFromStart(ctx context.Context, c *jackc.Conn, d jackc.TraceCopyFromStartData) context.Context {
	text := copyText(d.TableName, d.ColumnNames)
	passes := n.passes(ctx, c, text)
	if k, ok := c.PgConn().CustomData()[n.key].(*knot); ok {
		k.copying = k.open > 0
	}
	if passes {
		return ctx
	}
	v := dialect{}.Classify(text)
	return n.judge(ctx, &v)
}

func (n *net) TraceQueryEnd(_ context.Context, c *jackc.Conn, d jackc.TraceQueryEndData) {
	n.ended(c, d.Err)
}
func (n *net) TraceBatchEnd(_ context.Context, c *jackc.Conn, d jackc.TraceBatchEndData) {
	n.ended(c, d.Err)
}
func (n *net) TraceCopyFromEnd(_ context.Context, c *jackc.Conn, d jackc.TraceCopyFromEndData) {
	n.ended(c, d.Err)
}
func (n *net) TracePrepareEnd(_ context.Context, c *jackc.Conn, d jackc.TracePrepareEndData) {
	if k, ok := c.PgConn().CustomData()[n.key].(*knot); ok && k.copying && d.Err != nil {
		n.ended(c, d.Err)
	}
}

func (*net) TracePrepareStart(ctx context.Context, _ *jackc.Conn, _ jackc.TracePrepareStartData) context.Context {
	return ctx
}
func (*net) TraceBatchQuery(context.Context, *jackc.Conn, jackc.TraceBatchQueryData) {}

// ownKey marks the context of what the guard itself sends.
type ownKey struct{}

// traced judges what a tracer sees of a call: the text before a QueryRewriter is called.
func traced(ctx context.Context, text string, args []any) sqlguard.Verdict {
	for _, arg := range args {
		var err error
		switch r := arg.(type) {
		case jackc.QueryExecMode, jackc.QueryResultFormats, jackc.QueryResultFormatsByOID:
			continue
		case jackc.NamedArgs:
			text, _, err = r.RewriteQuery(ctx, nil, text, nil)
		case jackc.StrictNamedArgs:
			text, _, err = r.RewriteQuery(ctx, nil, text, nil)
		case jackc.QueryRewriter:
			return sqlguard.NotUnderstood("an argument replaces the text of the statement")
		default:
			return judgedText(text)
		}
		if err != nil {
			return sqlguard.NotUnderstood("its arguments do not fit its text")
		}
	}
	return judgedText(text)
}

// judgedText judges one text, which is not a batch's.
func judgedText(text string) sqlguard.Verdict {
	return dialect{}.Classify(strings.TrimRight(text, apart))
}

// judge returns the context to go on with.
func (n *net) judge(ctx context.Context, v *sqlguard.Verdict) context.Context {
	controls := v.Class == sqlguard.Session || v.Class == sqlguard.Escape
	if v.Tx != sqlguard.TxNone && controls && len(v.Parts) == 0 {
		return ctx
	}
	decision, err := n.guard.Decide(ctx, dialect{}.Name(), v)
	switch decision {
	case sqlguard.Pass:
		if state := n.guard.State(); !state.Fence || state.Mode == sqlguard.ReadOnly || !writesFenced(v) {
			return ctx
		}
		err = n.guard.Refuse(ctx, dialect{}.Name(), v, "the database's fence can be taken by the typed Pool only")
	case sqlguard.Ask:
		err = n.guard.Refuse(ctx, dialect{}.Name(), v, v.Why+"; the engine can be asked by the typed Pool only")
	case sqlguard.Drop:
		err = n.guard.Refuse(ctx, dialect{}.Name(), v, "a statement can be skipped by the typed Pool only")
	}
	return refusal{ctx, err}
}

// writesFenced reports whether a text may write, so that it would have to take the database's fence.
func writesFenced(v *sqlguard.Verdict) bool {
	switch v.Class {
	case sqlguard.Read, sqlguard.Lock, sqlguard.Session, sqlguard.Escape:
		return len(v.Calls) > 0
	}
	return true
}

// refusal is a context that is done, because the guard refused.
type refusal struct {
	context.Context
	err error
}

var over = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (r refusal) Done() <-chan struct{} { return over }
func (r refusal) Err() error            { return r.err }

var errNetted = errors.New("driver/pgx: the pool is instrumented, and database/sql would take each refusal for a bad connection; " +
	"open another pool without Instrument")
