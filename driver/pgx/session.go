package pgx

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// The rules have one implementation, that of package driver, and the contract of
// database/sql/driver is the seam. A session puts package driver's guard around a bare
// connection, as it stands around one of stdlib's; only no values pass through it:
//
//	Pool, Conn, Tx ─ session.exec ─ guard ─→ bare.ExecContext ─→ pgx.Conn.Exec
//	                 (keeps the call)        (takes the call)
//
// What is to be run goes past the guard in session.call, and so does what comes back. The
// guard's own texts (ROLLBACK, BEGIN READ ONLY) come without a call. While the mode is off,
// texts do not go that way: the guard marks them, and they are sent from here.

// session is a connection of pgx's with the guard around it. As the connection itself, it is
// used by one goroutine at a time.
type session struct {
	raw   *jackc.Conn
	guard *sqlguard.Guard
	inner driver.Conn // the guarded connection, around bare

	execer   driver.ExecerContext
	queryer  driver.QueryerContext
	beginner driver.ConnBeginTx
	resetter driver.SessionResetter

	off    offPath // inner too
	work   *sqlguard.Conn
	netted bool // the connection has a net, which must know what is sending
	simple bool // the connection's default is the simple protocol
	direct int  // statements that run, which off has let pass, and that have no rows yet
	judged int  // statements that are on their way through the guard

	unsent  bool // the connection was closed before the latest statement went to pgx
	sending bool // what the guard has let pass, or sends itself: see net

	call  call
	plain [1]driver.NamedValue // what stands for the call, where its text is what is sent
	other [1]driver.NamedValue // and where its arguments may replace that

	begin beginning // the transaction that is begun, or open
	// prepared are the texts of the statements that were prepared by name.
	prepared map[string]string
	open     ender // what was opened last

	rows   []rows // to be used, so that most queries allocate none
	single []directRow
	from   *pgxpool.Conn // to be released at the end of those that are open; may be nil
}

// ender is rows, or the results of a batch.
type ender interface{ end() } // once

// offPath is the guarded connection for statements that nobody has to look at.
type offPath interface {
	Work() *sqlguard.Conn
	PassesOff() bool
	Left(ctx context.Context, err error)
}

// rules wraps sessions on behalf of one guard.
type rules struct {
	guard     *sqlguard.Guard
	connector driver.Connector
}

// newRules fails if the guard has an error. By dial the guard gets connections of its own.
func newRules(g *sqlguard.Guard, opts []Option, dial func(context.Context) (*jackc.Conn, error)) (*rules, error) {
	var o options
	for _, set := range opts {
		set(&o)
	}
	if g == nil {
		g = sqlguard.Default()
	}
	c, err := guarded.WrapConnector(bareConnector{dial}, guarded.Config{
		Guard: g, Dialect: dialect{}, Idle: bareIdle, Alive: bareAnswered, Rewrite: bareRewrite,
		BeginWith: bareBeginWith, Together: true, Net: o.net, Reported: bareReported, Session: sessionID, EndSessions: endSessions, Closed: isClosed,
	})
	if err != nil {
		return nil, err
	}
	return &rules{g, c}, nil
}

// session puts the guard around a connection that is not used yet.
func (r *rules) session(raw *jackc.Conn) (*session, error) {
	s := &session{raw: raw, guard: r.guard}
	s.plain[0].Value, s.other[0].Value = (*plainCall)(&s.call), &s.call
	s.call.session = s
	inner, err := r.connector.Connect(context.WithValue(context.Background(), sessionKey{}, s))
	if err != nil {
		return nil, err
	}
	s.inner = inner
	s.execer = inner.(driver.ExecerContext)
	s.queryer = inner.(driver.QueryerContext)
	s.beginner = inner.(driver.ConnBeginTx)
	s.resetter = inner.(driver.SessionResetter)
	s.off = inner.(offPath)
	s.work = s.off.Work()
	config := raw.Config()
	_, s.netted = config.Tracer.(*netted)
	s.simple = config.DefaultQueryExecMode == jackc.QueryExecModeSimpleProtocol
	raw.PgConn().CustomData()[sessionOf] = s
	return s, nil
}

// over ends what is marked, because the connection is closed.
func (s *session) over() { s.inner.Close() }

// sessionKey is that of the session that bareConnector is to connect to.
type sessionKey struct{}

type bareConnector struct {
	dial func(context.Context) (*jackc.Conn, error)
}

// Connect makes a connection of the guard's own where it is not told which one there is.
func (c bareConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if s, ok := ctx.Value(sessionKey{}).(*session); ok {
		return (*bare)(s), nil
	}
	raw, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	return dialed{(*bare)(&session{raw: raw})}, nil
}

// dialed is a connection of the guard's own.
type dialed struct{ *bare }

func (d dialed) Close() error { return d.raw.Close(context.Background()) }

func (bareConnector) Driver() driver.Driver { return bareDriver{} }

// bareDriver is not asked to open anything: a session is.
type bareDriver struct{}

func (bareDriver) Open(string) (driver.Conn, error) { return nil, driver.ErrSkip }

// bare is a session as the guard sees it: a connection of a database/sql driver.
type bare session

var (
	_ driver.Conn            = (*bare)(nil)
	_ driver.ExecerContext   = (*bare)(nil)
	_ driver.QueryerContext  = (*bare)(nil)
	_ driver.ConnBeginTx     = (*bare)(nil)
	_ driver.SessionResetter = (*bare)(nil)
)

func (b *bare) Prepare(string) (driver.Stmt, error)    { return nil, driver.ErrSkip }
func (b *bare) Begin() (driver.Tx, error)              { return nil, driver.ErrSkip }
func (b *bare) Close() error                           { return nil } // the owner closes it
func (b *bare) ResetSession(ctx context.Context) error { return nil }

// ExecContext runs the call, or a text of the guard's own.
func (b *bare) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	b.unsent, b.sending = b.raw.IsClosed(), true
	defer func() { b.sending = false }()
	if len(args) == 0 {
		_, err := b.raw.Exec(ctx, query)
		return driver.ResultNoRows, err
	}
	c := &b.call
	c.sent = true
	switch {
	case c.failed != nil:
		return nil, c.failed
	case c.do != nil:
		return driver.ResultNoRows, c.do(ctx)
	case c.rewritten:
		query = c.text
	}
	var err error
	c.tag, err = b.raw.Exec(ctx, query, c.args...)
	return driver.ResultNoRows, err
}

// QueryContext runs the call. The guard itself queries nothing of this engine.
func (b *bare) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c := &b.call
	if len(args) == 0 {
		return nil, driver.ErrSkip
	}
	b.unsent, b.sending = b.raw.IsClosed(), true
	defer func() { b.sending = false }()
	c.sent = true
	switch {
	case c.failed != nil:
		c.rows = failedRows(c.failed)
		return nil, c.failed
	case c.batch != nil:
		c.results = &batchResults{BatchResults: b.raw.SendBatch(ctx, c.batch), session: (*session)(b)}
		c.results.closer = &batchCloser{c.results}
		return c.results.closer, nil
	case c.rewritten:
		query = c.text
	}
	inner, err := b.raw.Query(ctx, query, c.args...)
	if err != nil {
		c.rows = inner
		return nil, err
	}
	c.taken = (*session)(b).taken(inner)
	return (*rowsCloser)(c.taken), nil
}

// noDriverRows are rows of which the guard needs nothing but their end.
type noDriverRows struct{}

func (noDriverRows) Columns() []string         { return nil }
func (noDriverRows) Next([]driver.Value) error { return io.EOF }

func bareReported(c driver.Conn, setting string) string {
	return c.(*bare).raw.PgConn().ParameterStatus(setting)
}

// Abandon closes a connection of which package driver has no more use.
func (b *bare) Abandon() { b.raw.Close(context.Background()) }

func bareIdle(c driver.Conn) bool {
	return bareAlive(c) && c.(*bare).raw.PgConn().TxStatus() == 'I'
}

// bareAnswered is for the outcome of what has failed: it is known of a connection that was closed before, or
// a program that goes on trying would keep a drain from its end.
func bareAnswered(c driver.Conn) bool { return c.(*bare).unsent || bareAlive(c) }

func bareAlive(c driver.Conn) bool {
	pg := c.(*bare).raw.PgConn()
	return !pg.IsClosed() && !pg.IsBusy()
}

// passes marks a text, and reports whether it may be sent as it is. Then passed must follow. Otherwise it is
// not marked.
func (s *session) passes(ctx context.Context, sql string) bool {
	if s.netted {
		return false
	}
	if s.work.Enter(ctx, sql); s.off.PassesOff() {
		s.direct++
		return true
	}
	s.work.Leave()
	return false
}

func (s *session) passed(ctx context.Context, err error) {
	s.direct--
	s.leave(ctx, err)
}

func (s *session) leave(ctx context.Context, err error) {
	if err != nil {
		s.off.Left(ctx, err)
	} else {
		s.work.Leave()
	}
}

// exec runs a text that returns no rows.
func (s *session) exec(ctx context.Context, sql string, args []any) (pgconn.CommandTag, error) {
	if s.passes(ctx, sql) {
		tag, err := s.raw.Exec(ctx, sql, args...)
		s.passed(ctx, err)
		return tag, err
	}
	return s.execJudged(ctx, sql, args)
}

func (s *session) execJudged(ctx context.Context, sql string, args []any) (pgconn.CommandTag, error) {
	_, err := s.execer.ExecContext(ctx, sql, s.calling(args))
	s.called()
	if !s.call.sent {
		return pgconn.CommandTag{}, err // refused, or dropped
	}
	return s.call.tag, err
}

// run has the guard judge a text, and if that passes, does something in its place.
func (s *session) run(ctx context.Context, sql string, do func(context.Context) error) error {
	s.calling(nil)
	s.call.do = do
	_, err := s.execer.ExecContext(ctx, sql, s.plain[:])
	s.called()
	return err
}

// query runs a text that returns rows, which are never nil. If from is not nil,
// it is released when they are at their end.
func (s *session) query(ctx context.Context, sql string, args []any, from *pgxpool.Conn) (jackc.Rows, error) {
	if s.passes(ctx, sql) {
		inner, err := s.raw.Query(ctx, sql, args...)
		if err != nil {
			s.passed(ctx, err)
			return s.noRows(inner, err, from)
		}
		return s.opened(s.taken(inner), nil, from), nil
	}
	guard, err := s.queryer.QueryContext(ctx, sql, s.calling(args))
	s.called()
	if err == nil && s.call.sent {
		return s.opened(s.call.taken, guard, from), nil
	}
	if err == nil {
		guard.Close()
		release(from)
		return newDroppedRows(), nil
	}
	var failed jackc.Rows
	if s.call.sent {
		failed, s.call.rows = s.call.rows, nil
	}
	return s.noRows(failed, err, from)
}

// noRows returns the rows of a query that has failed: pgx's own, if there are any, or as pgxpool does
// those of nothing. The session may be somebody else's then.
func (s *session) noRows(failed jackc.Rows, err error, from *pgxpool.Conn) (jackc.Rows, error) {
	release(from)
	if failed == nil || from != nil {
		failed = failedRows(err)
	}
	return failed, err
}

func (s *session) queryRow(ctx context.Context, sql string, args []any, from *pgxpool.Conn) jackc.Row {
	if s.passes(ctx, sql) {
		inner := s.raw.QueryRow(ctx, sql, args...)
		s.direct--
		return s.openedRow(inner, from)
	}
	got, err := s.query(ctx, sql, args, from)
	if r, ok := got.(*rows); ok {
		return (*row)(r)
	}
	if err == nil {
		err = jackc.ErrNoRows // it was dropped
	}
	return failed(err).QueryRow()
}

// release gives a connection back to its pool, if there is one.
func release(from *pgxpool.Conn) {
	if from != nil {
		from.Release()
	}
}

// panicked marks the end of statements that have ended in a panic, of a rewriter or an argument:
// nobody knows what came of them. What the guard itself was about then is not known either, so that
// the connection is closed.
func (s *session) panicked() {
	if s.direct|s.judged != 0 { // small enough to be inlined
		s.unwound()
	}
}

func (s *session) unwound() {
	for s.direct > 0 {
		s.passed(context.Background(), errPanicked)
	}
	if s.judged > 0 {
		s.judged = 0
		s.raw.Close(context.Background())
		s.over()
	}
}

// release gives back a connection on which a statement may have ended in a panic.
func (s *session) release(from *pgxpool.Conn) {
	s.panicked()
	from.Release()
}

var errPanicked = errors.New("driver/pgx: a statement has ended in a panic")
