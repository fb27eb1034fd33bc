package pgx

import (
	"context"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	guarded "github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// Conn is a connection of pgx's that a guard looks after: it has the methods of pgx.Conn, and
// those that execute something ask the guard first. A refusal is a
// *sqlguard.BlockedError, before anything is sent. As with pgx.Conn, one goroutine at a time
// may use it.
type Conn struct {
	session *session
}

// Option says how a [Pool] or [Conn] is guarded.
type Option func(*options)

type options struct{ net guarded.Net }

// WithNet says how far the server stands behind the guard. Without it that is driver.NetUnproven.
func WithNet(n guarded.Net) Option { return func(o *options) { o.net = n } }

// Connect connects as pgx.Connect does. If g is nil, [sqlguard.Default] guards. It fails if
// the guard has an error, or an option is not one.
func Connect(ctx context.Context, connString string, g *sqlguard.Guard, opts ...Option) (*Conn, error) {
	config, err := jackc.ParseConfig(connString)
	if err != nil {
		return nil, errDSN
	}
	return ConnectConfig(ctx, config, g, opts...)
}

// ConnectConfig is [Connect] with a configuration that pgx.ParseConfig has made.
func ConnectConfig(ctx context.Context, config *jackc.ConnConfig, g *sqlguard.Guard, opts ...Option) (*Conn, error) {
	own := config.Copy()
	r, err := newRules(g, opts, func(ctx context.Context) (*jackc.Conn, error) { return jackc.ConnectConfig(ctx, own) })
	if err != nil {
		return nil, err
	}
	raw, err := jackc.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s, err := r.session(raw)
	if err != nil {
		raw.Close(ctx)
		return nil, err
	}
	return &Conn{s}, nil
}

// Unwrap returns pgx's connection. What is done with it directly is not guarded.
func (c *Conn) Unwrap() *jackc.Conn { return c.session.raw }

// Close closes the connection. A statement that runs is one whose outcome is unknown.
func (c *Conn) Close(ctx context.Context) error {
	err := c.session.raw.Close(ctx)
	if open := c.session.open; open != nil {
		open.end()
	}
	c.session.over()
	return err
}

// IsClosed reports whether the connection is closed.
func (c *Conn) IsClosed() bool { return c.session.raw.IsClosed() }

// Ping asks the server for an answer. It is never refused.
func (c *Conn) Ping(ctx context.Context) error { return c.session.raw.Ping(ctx) }

// TypeMap returns the types of the connection.
func (c *Conn) TypeMap() *pgtype.Map { return c.session.raw.TypeMap() }

// Config returns a copy of the configuration of the connection.
func (c *Conn) Config() *jackc.ConnConfig { return c.session.raw.Config() }

// WaitForNotification waits for a notification of what was listened to. LISTEN, as a
// text, passes in every mode.
func (c *Conn) WaitForNotification(ctx context.Context) (*pgconn.Notification, error) {
	return c.session.raw.WaitForNotification(ctx)
}

// Exec executes a text. What was dropped has the zero CommandTag.
func (c *Conn) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return c.session.exec(ctx, sql, args)
}

// Query queries a text. The rows are never nil, and have the error too. What was dropped has
// no rows.
func (c *Conn) Query(ctx context.Context, sql string, args ...any) (jackc.Rows, error) {
	return c.session.query(ctx, sql, args, nil)
}

// QueryRow queries for one row, whose Scan returns the error. What was dropped has
// none (pgx.ErrNoRows).
func (c *Conn) QueryRow(ctx context.Context, sql string, args ...any) jackc.Row {
	return c.session.queryRow(ctx, sql, args, nil)
}

// SendBatch sends a batch, unless one of its queries is refused: then nothing is sent, and
// all that the results return is the refusal.
func (c *Conn) SendBatch(ctx context.Context, b *jackc.Batch) jackc.BatchResults {
	return c.session.sendBatch(ctx, b, nil)
}

// CopyFrom copies rows into a table, to which it is a write by the operation COPY.
func (c *Conn) CopyFrom(ctx context.Context, table jackc.Identifier, columns []string, source jackc.CopyFromSource) (int64, error) {
	return c.session.copyFrom(ctx, table, columns, source)
}

// Begin is [Conn.BeginTx] without options.
func (c *Conn) Begin(ctx context.Context) (jackc.Tx, error) {
	return c.session.beginTx(ctx, jackc.TxOptions{}, nil)
}

// BeginTx begins a transaction. While the mode is read-only it is a read-only one,
// whatever o says, unless the policy or the context lets something write.
//
// After a refusal in it, Commit rolls back and returns the guard's error. So does
// pgx.BeginFunc, and a nested transaction that was rolled back does not mend it. Its Conn returns
// pgx's connection, which is not guarded. Nor are the LargeObjects that it returns while writing is not closed,
// also if that is closed later; a drain waits for them with their transaction. Where
// writing is closed they fail with pgx.ErrTxClosed, reads included.
func (c *Conn) BeginTx(ctx context.Context, o jackc.TxOptions) (jackc.Tx, error) {
	return c.session.beginTx(ctx, o, nil)
}

// Prepare prepares a statement under a name, which executes it where a text is expected. It is
// never refused; each execution is judged by the text. The name must not be used for another
// statement by PREPARE as a text.
func (c *Conn) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return c.session.prepare(ctx, name, sql)
}

// Deallocate releases a prepared statement.
func (c *Conn) Deallocate(ctx context.Context, name string) error {
	err := c.session.raw.Deallocate(ctx, name)
	if err == nil { // else pgx executes it still
		delete(c.session.prepared, name)
	}
	return err
}

// DeallocateAll releases all prepared statements.
func (c *Conn) DeallocateAll(ctx context.Context) error {
	clear(c.session.prepared)
	return c.session.raw.DeallocateAll(ctx)
}

// LoadType asks the server for a type, as pgx.Conn.LoadType does. It is never refused.
func (c *Conn) LoadType(ctx context.Context, name string) (*pgtype.Type, error) {
	return c.session.raw.LoadType(ctx, name)
}

// LoadTypes asks the server for types and those that they depend on, as pgx.Conn.LoadTypes does. It is
// never refused.
func (c *Conn) LoadTypes(ctx context.Context, names []string) ([]*pgtype.Type, error) {
	return c.session.raw.LoadTypes(ctx, names)
}
