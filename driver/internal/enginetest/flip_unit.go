package enginetest

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// FlipKind is a way to write.
type FlipKind struct {
	Name string
	// Write writes a unit, and returns how many rows it was told are committed.
	Write func(context.Context, *FlipUnit) (rows int, err error)
	// Disturbed is whether it is cancelled or cut, so that nobody knows how it ends.
	Disturbed bool
}

// FlipUnit is one thing that a program would do: a transaction, or some
// statements without one.
type FlipUnit struct {
	*flipRound
	kind, number int
	rng          *rand.Rand
	late         bool // begun after writing was closed

	cancelled, cut bool // by itself
	alone          bool // one text is all, so the server commits it when nobody is there any more

	// How it ended.
	at   time.Time
	told int // rows that are committed, as far as it knows
	err  error
}

type flipUnit = FlipUnit

// run writes the unit.
func (u *flipUnit) run() (int, error) {
	ctx := sqlguard.WithLabel(context.Background(), u.kinds[u.kind].Name)
	rows, err := u.kinds[u.kind].Write(ctx, u)
	u.flipRound.mu.Lock()
	defer u.flipRound.mu.Unlock()
	u.told, u.err, u.at = rows, err, time.Now()
	return rows, err
}

// disturbed reports whether nobody knows what became of the unit.
func (u *flipUnit) disturbed() bool { return u.cancelled || u.cut }

// tolerates reports whether an error is what a writer must expect: a refusal, its own
// cancellation or cut, or another writer's lock.
func (u *flipUnit) tolerates(err error) bool {
	switch {
	case sqlguard.IsReadOnly(err), u.Conflict(err):
		return true
	case u.cut:
		return u.Lost(err)
	case u.cancelled:
		return errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone) || u.Interrupted(err)
	}
	return false
}

// Insert returns an insert of a row, which may take a nap. All parts of a
// transaction are committed, or none; a part of 0 stands for itself.
func (u *FlipUnit) Insert(parts int) string {
	if u.Chance(4) {
		return u.slow(parts, u.nap)
	}
	return fmt.Sprintf("INSERT INTO flip (kind, unit, parts) VALUES (%d, %d, %d)", u.kind, u.number, parts)
}

func (u *flipUnit) slow(parts int, nap time.Duration) string {
	return u.slowRows(1, parts, nap)
}

func (u *flipUnit) slowRows(n, parts int, nap time.Duration) string {
	return fmt.Sprintf("INSERT INTO flip (kind, unit, parts) SELECT %d, %d, %d FROM (SELECT 1%s) AS n WHERE %s",
		u.kind, u.number, parts, strings.Repeat(" UNION ALL SELECT 1", n-1), u.Nap(nap))
}

// returning returns an insert that gives rows back, and may write them one after the other.
func (u *flipUnit) returning(parts int) string {
	wide := " RETURNING id, " + u.Wide
	if u.Chance(2) {
		return u.slowRows(parts, parts, u.nap) + wide
	}
	values := fmt.Sprintf("(%d, %d, %d)", u.kind, u.number, parts)
	return "INSERT INTO flip (kind, unit, parts) VALUES " + values + strings.Repeat(", "+values, parts-1) + wide
}

// Chance is true once in n times.
func (u *FlipUnit) Chance(n int) bool { return u.rng.IntN(n) == 0 }

// pause is what a program does between two statements. Some take their time, so that
// they come to their COMMIT long after writing was closed.
func (u *flipUnit) pause() {
	if u.Chance(4) {
		u.linger(nil)
	}
	nap := u.nap
	if u.Chance(8) {
		nap *= 8
	}
	if u.Chance(3) {
		time.Sleep(time.Duration(u.rng.Int64N(int64(nap))))
	}
}

// execer is a pool, connection or transaction.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// exec executes a write.
func (u *flipUnit) exec(ctx context.Context, on execer, query string) error {
	return u.write(func() error {
		_, err := on.ExecContext(ctx, query)
		return err
	})
}

// writes executes the writes of a transaction. Some programs give up when the guard
// refuses one, others do not even look.
func (u *flipUnit) writes(ctx context.Context, on execer, queries ...string) error {
	heedless := u.Chance(2)
	for _, query := range queries {
		err := u.exec(ctx, on, query)
		if err != nil && !(heedless && errors.Is(err, sqlguard.ErrReadOnly)) {
			return err
		}
		u.pause()
	}
	return nil
}

// Pinned runs f on a connection of its own, which goes back to the pool only if f
// or a ROLLBACK has succeeded.
func (u *FlipUnit) Pinned(ctx context.Context, f func(*sql.Conn) error) error {
	conn, err := u.DB.Conn(ctx)
	if err != nil {
		return err
	}
	err = f(conn)
	if err != nil {
		if _, again := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); again != nil {
			u.Discard(conn)
		}
	}
	if closed := conn.Close(); closed != nil && !errors.Is(closed, sql.ErrConnDone) {
		return errors.Join(err, closed)
	}
	return err
}

// Discard keeps a connection from going back to the pool.
func (u *FlipUnit) Discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return sqldriver.ErrBadConn })
}

// Texts executes a transaction by text on a connection.
func (u *FlipUnit) Texts(ctx context.Context, conn *sql.Conn, begin, end string, parts int) (int, error) {
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		return 0, err
	}
	if err := u.writes(ctx, conn, u.inserts(parts)...); err != nil {
		return 0, err
	}
	err := u.commit(func() error {
		_, err := conn.ExecContext(ctx, end)
		return err
	})
	if err != nil {
		return 0, err
	}
	return parts, nil
}

// inserts returns the writes of a transaction, of which at most two are slow.
func (u *flipUnit) inserts(parts int) (queries []string) {
	for range parts {
		queries = append(queries, u.Insert(parts))
	}
	if u.Late != "" && u.Chance(3) {
		queries = append(queries, u.Late)
	}
	return queries
}
