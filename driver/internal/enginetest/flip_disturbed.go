package enginetest

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// writeCancelled cancels its context at a random moment, mostly in mid-statement.
func writeCancelled(ctx context.Context, u *FlipUnit) (rows int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if u.disturbs() {
		u.cancelled = true
		defer time.AfterFunc(u.moment(), cancel).Stop()
	}
	if u.Chance(6) {
		// Of the pool, because a connection must not be used while the rollback of a
		// cancelled transaction may close it (sql.Conn.grabConn, Go 1.26).
		return u.transaction(ctx, u.DB)
	}
	err = u.Pinned(ctx, func(conn *sql.Conn) error {
		rows, err = u.slowly(ctx, conn)
		return err
	})
	return rows, err
}

// writeCut loses its connection at a random moment: the server ends it, or the client's
// side is closed, which the server notices only when it has finished the statement.
func writeCut(ctx context.Context, u *FlipUnit) (rows int, err error) {
	conn, err := u.DB.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer u.Discard(conn) // the cut may come late, and must not meet the next user
	kill, hangUp, err := u.Cut(conn)
	if err != nil {
		return 0, err
	}
	write := u.slowly
	if u.Chance(6) {
		write = func(ctx context.Context, conn *sql.Conn) (int, error) { return u.transaction(ctx, conn) }
	}
	if !u.disturbs() {
		return write(ctx, conn)
	}
	u.cut = true
	cut, hungUp, done := kill, !u.Chance(3), make(chan error, 1)
	if hungUp {
		cut = hangUp
	}
	timer := time.AfterFunc(u.moment(), func() { done <- cut() })
	rows, err = write(ctx, conn)
	if hungUp && err != nil && u.alone {
		select {
		case u.lost <- struct{}{}: // the flip waits for this moment
		default:
		}
	}
	if !timer.Stop() {
		if failed := <-done; failed != nil {
			return rows, errors.Join(errors.New("the cut failed"), failed)
		}
	}
	return rows, err
}

// disturbs reports whether the unit is to be cancelled or cut. After the flip none is: Drain
// waits for every outcome that becomes unknown, also of what began after it, so there would be no end.
func (u *flipUnit) disturbs() bool { return !u.calm && !u.late }

// moment is one in the time that a unit takes, or somewhat later. Where a statement is to
// outlive its connection, and all other writers, it comes early.
func (u *flipUnit) moment() time.Duration {
	if u.plan.outlived {
		return time.Duration(u.rng.Int64N(int64(2 * u.nap)))
	}
	return time.Duration(u.rng.Int64N(int64(4 * u.nap)))
}

// long is how long a statement takes that is to be cancelled or cut. It may go on for long after.
func (u *flipUnit) long() time.Duration {
	if u.plan.outlived {
		return time.Duration(6+u.rng.IntN(3)) * u.nap
	}
	return time.Duration(2+u.rng.IntN(7)) * u.nap
}

// slowly writes in one of the ways there are, with statements that take a while.
func (u *flipUnit) slowly(ctx context.Context, conn *sql.Conn) (int, error) {
	const parts = 2
	switch u.rng.IntN(5) {
	case 0:
		return u.Texts(ctx, conn, "BEGIN", "COMMIT", parts)
	case 1:
		return u.leftOpen(ctx, conn, parts)
	case 2:
		// What comes after the nap is executed although nobody waits for it any more.
		u.alone = true
		text := strings.Join([]string{"BEGIN", u.slow(parts, u.long()), u.Insert(parts), "COMMIT"}, "; ")
		if err := u.exec(ctx, conn, text); err != nil {
			return 0, err
		}
		return parts, nil
	default:
		u.alone = true
		if err := u.exec(ctx, conn, u.slow(0, u.long())); err != nil {
			return 0, err
		}
		return 1, nil
	}
}
