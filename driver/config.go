package driver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Config says how a driver is guarded. Only Dialect must be set.
type Config struct {
	// Guard decides. If nil, [sqlguard.Default] does, which is asked for when a
	// pool is opened.
	Guard *sqlguard.Guard

	// Dialect judges the statements. It must be the one of the database that the
	// wrapped driver speaks to.
	Dialect sqlguard.Dialect

	// CheckDSN looks at a data source name before the wrapped driver does, when a
	// pool is opened by name. An error fails the opening, and must not quote
	// what may be a password. If nil, the wrapped driver alone judges.
	CheckDSN func(dsn string) error

	// Idle reports whether certainly no transaction is open on a connection of the
	// wrapped driver, without asking the server. It is called while a mode is on, before a
	// statement runs. If nil, it is never certain: then, once after the mode went on, a
	// ROLLBACK may be sent where nothing is open.
	Idle func(c driver.Conn) bool

	// Alive reports whether a connection of the wrapped driver is usable after a
	// statement has failed on it, which means that the server's answer was read to its end.
	// It must not ask the server. If nil, only an error with a method SQLState is taken
	// for the server's answer, and that only while the statement's context is not done.
	Alive func(c driver.Conn) bool

	// Rewrite returns the text that the engine gets in place of query, where any of
	// the arguments has a method RewriteQuery, as pgx's QueryRewriter: query itself, where
	// the driver would not call it. Rewrite is called while a mode is on, and must not
	// change anything. If it returns false, or is nil, the statement is one that
	// is not understood.
	Rewrite func(ctx context.Context, query string, args []driver.NamedValue) (text string, known bool)

	// BeginWith begins a transaction on a connection of the wrapped driver, and sends texts right
	// behind the one that begins it, or does what they do, in one round trip. If one of them fails, there must be no transaction. If nil,
	// or where it returns [driver.ErrSkip], having done nothing, each is a round trip of its own. It is called
	// while a holder asks for the database's fence ([sqlguard.Change.Fence]).
	BeginWith func(ctx context.Context, c driver.Conn, opts driver.TxOptions, texts []string) (driver.Tx, error)

	// Fence has whatever may write take the database's fence always, and not only while a holder asks for it
	// ([sqlguard.Change.Fence], as a fleet does whose record says so): then whoever closes the fence need not ask
	// this process anything. The database must have the fence, which package fence installs, and the dialect must be a
	// [sqlguard.FencedEngine]. It is not for a fleet, after whose operations the fence stays closed. It costs each write outside of a transaction a transaction of its own, and each
	// transaction a lock; reads and transactions with TxOptions.ReadOnly take none.
	Fence bool

	// Session returns what tells the session of a connection of the wrapped driver apart from all others of its account on the
	// server. It is called until it has returned no error: where the fence may be asked for ([sqlguard.Guard.ExpectFence]) before the
	// connection is used, and at the latest when the connection is lost, where it must not ask the server. EndSessions ends sessions that were lost, by
	// another connection of the same pool, and returns how many are there still; it is called until that is none. If either is nil, what was
	// lost is waited for until it is older than the tail; see [sqlguard.Guard.DrainUnfenced]. Closed reports whether a connection of the
	// wrapped driver is closed for good, without asking the server; if nil, one is taken for lost when the pool closes it.
	Session     func(ctx context.Context, c driver.Conn) (id string, err error)
	EndSessions func(ctx context.Context, c driver.Conn, lost []sqlguard.LostSession) (left int, err error)
	Closed      func(c driver.Conn) bool

	// Net says how far the engine stands behind the guard. The zero Net is [NetUnproven].
	Net Net

	// Reported returns what the server has reported last of a setting of the session (PostgreSQL's
	// ParameterStatus), without asking it; empty if that is not known. It is for [NetSession], which notices by
	// it if something else than the guard has changed its setting. If nil, nothing is known.
	Reported func(c driver.Conn, setting string) string

	// Together says that the wrapped driver sends several statements in one text, separated by
	// semicolons, where there are no arguments.
	Together bool
}

func (cfg Config) check() error {
	if cfg.Dialect == nil {
		return errors.New("Config.Dialect is nil; expected the dialect of the database, such as postgres.Dialect{}")
	}
	return cfg.checkNet()
}

// guarding is a checked Config with its guard, shared by all that is wrapped with it.
type guarding struct {
	guard   *sqlguard.Guard
	dialect sqlguard.Dialect
	head    sqlguard.HeadClassifier // the dialect, if it is one
	name    string                  // the dialect's
	engine  sqlguard.ReadOnlyTexts  // zero if the dialect has none
	idle    func(driver.Conn) bool
	alive   func(driver.Conn) bool
	rewrite func(ctx context.Context, query string, args []driver.NamedValue) (string, bool)

	fence     sqlguard.FenceTexts // zero if the dialect has none
	fences    bool                // always
	beginWith func(context.Context, driver.Conn, driver.TxOptions, []string) (driver.Tx, error)
	together  bool

	sessionOf   func(context.Context, driver.Conn) (string, error)
	endSessions func(context.Context, driver.Conn, []sqlguard.LostSession) (int, error)
	closed      func(driver.Conn) bool

	netted   bool                  // Config.Net is NetSession
	session  sqlguard.SessionTexts // for that
	reported func(c driver.Conn, setting string) string

	// verdicts is made when the first statement is judged.
	verdicts func() *cache
}

// classify returns the dialect's verdict on a text, which must not be changed.
func (g *guarding) classify(text string) *sqlguard.Verdict {
	return g.verdicts().classify(g.dialect, text)
}

// resolve returns what a pool is opened with, or why it must not be opened.
func (cfg Config) resolve() (*guarding, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("driver: %w", err)
	}
	g := &guarding{
		guard: cfg.Guard, dialect: cfg.Dialect, name: cfg.Dialect.Name(),
		idle: cfg.Idle, alive: cfg.Alive, rewrite: cfg.Rewrite, verdicts: sync.OnceValue(newCache),
		beginWith: cfg.BeginWith, together: cfg.Together,
		sessionOf: cfg.Session, endSessions: cfg.EndSessions, closed: cfg.Closed,
	}
	g.head, _ = cfg.Dialect.(sqlguard.HeadClassifier)
	if e, ok := cfg.Dialect.(sqlguard.ReadOnlyEngine); ok {
		g.engine = e.ReadOnlyTexts()
	}
	if e, ok := cfg.Dialect.(sqlguard.FencedEngine); ok {
		g.fence = e.FenceTexts()
	}
	if g.fences = cfg.Fence; g.fences && len(g.fence.Enter) == 0 {
		return nil, fmt.Errorf("driver: Config.Fence is true, but the dialect %s has no fence; expected one that has, such as postgres.Dialect{}", g.name)
	}
	if g.netted = cfg.Net == NetSession; g.netted {
		g.session, g.reported = cfg.Dialect.(sqlguard.SessionEngine).SessionTexts(), cfg.Reported
	}
	if g.guard == nil {
		g.guard = sqlguard.Default()
	}
	if err := g.guard.Err(); err != nil {
		return nil, fmt.Errorf("driver: %w", err)
	}
	return g, nil
}

// same reports whether both would decide alike, so that one layer is enough.
func (g *guarding) same(other *guarding) bool {
	return g.guard == other.guard && g.name == other.name && (g.netted || !other.netted)
}
