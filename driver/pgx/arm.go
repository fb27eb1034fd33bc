package pgx

import (
	"context"
	"errors"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// ArmSessions has the server itself refuse writes while the mode is read-only, for a pool that must be pgx's own: it is
// driver.NetSession for who cannot have that with a [Pool]. Whenever a connection is acquired from the pool, and the mode
// is not the one that it was told of last, default_transaction_read_only is set on it, and put back to what it
// was before. It costs one round trip for each connection and flip. What resets the setting is
// noticed when the connection is acquired next (PostgreSQL 14 and later). A connection that cannot be told is closed. Call
// it before the pool is made; a PrepareConn of config is called first. If g is nil,
// [sqlguard.Default] guards. It fails if the guard has an error, or config has the
// deprecated BeforeAcquire.
//
// It is a second net, for functions that write. A connection that is in use during the flip is
// told when it is acquired next, and BEGIN READ WRITE lifts it. Rules and contexts do not: what
// a policy allows the server refuses. Do not use it behind a pooler that
// shares sessions by the transaction, such as PgBouncer: the setting would stay with sessions of others.
func ArmSessions(config *pgxpool.Config, g *sqlguard.Guard) error {
	if g == nil {
		g = sqlguard.Default()
	}
	if err := g.Err(); err != nil {
		return err
	}
	//lint:ignore SA1019 it is refused
	if config.BeforeAcquire != nil {
		return errBeforeAcquire
	}
	prepare := config.PrepareConn
	config.PrepareConn = func(ctx context.Context, c *jackc.Conn) (bool, error) {
		if prepare != nil {
			if ok, err := prepare(ctx, c); !ok || err != nil {
				return ok, err
			}
		}
		return arm(ctx, c, g.Mode() == sqlguard.ReadOnly), nil
	}
	return nil
}

var errBeforeAcquire = errors.New("driver/pgx: the configuration has BeforeAcquire, which PrepareConn replaces: use that one")

// armed is the key of what a connection was told last.
const armed = "quiesce armed"

// arm tells a connection, unless it knows. It reports false if the connection is of no more use.
func arm(ctx context.Context, c *jackc.Conn, readOnly bool) bool {
	texts, known := postgres.Dialect{}.SessionTexts(), c.PgConn().CustomData()
	was, _ := known[armed].(bool)
	if was && readOnly {
		was = c.PgConn().ParameterStatus(texts.Setting) != "off"
	}
	if was == readOnly {
		return true
	}
	text := texts.Off
	if readOnly {
		text = texts.On
	}
	if _, err := c.Exec(context.WithValue(ctx, ownKey{}, true), text); err != nil {
		return false
	}
	known[armed] = readOnly
	return true
}
