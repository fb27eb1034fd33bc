package enginetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// commonKinds are the writers that every engine has, or all but SQLite.
func (f *flipTest) commonKinds() []FlipKind {
	kinds := []FlipKind{
		{Name: "BeginTx", Write: writeTx},
		{Name: "BEGIN by text", Write: writeTexts},
		{Name: "single statements", Write: writeSingles},
		{Name: "prepared statements", Write: writePrepared},
		{Name: "prepared, in transactions", Write: writePreparedTx},
		{Name: "several statements in one text", Write: writeSeveral},
		{Name: "rows left open", Write: writeRows},
		{Name: "rows left open, in transactions", Write: writeRowsTx},
		{Name: "open at the flip", Write: writeAcross},
		{Name: "cancelled contexts", Write: writeCancelled, Disturbed: true},
	}
	if f.Cut != nil {
		kinds = append(kinds, FlipKind{Name: "connections cut", Write: writeCut, Disturbed: true})
	}
	return kinds
}

// beginner is a pool or a connection.
type beginner interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}

func writeTx(ctx context.Context, u *FlipUnit) (int, error) { return u.transaction(ctx, u.DB) }

func (u *flipUnit) transaction(ctx context.Context, on beginner) (int, error) {
	tx, err := on.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	u.pause()
	parts := 1 + u.rng.IntN(4)
	if err := u.writes(ctx, tx, u.inserts(parts)...); err != nil {
		return 0, err
	}
	if err := u.commit(tx.Commit); err != nil {
		return 0, err
	}
	return parts, nil
}

func writeTexts(ctx context.Context, u *FlipUnit) (rows int, err error) {
	err = u.Pinned(ctx, func(conn *sql.Conn) error {
		rows, err = u.Texts(ctx, conn, "BEGIN", "COMMIT", 1+u.rng.IntN(4))
		return err
	})
	return rows, err
}

func writeSingles(ctx context.Context, u *FlipUnit) (rows int, err error) {
	for range 1 + u.rng.IntN(3) {
		if err := u.exec(ctx, u.DB, u.Insert(0)); err != nil {
			return rows, err
		}
		rows++
	}
	return rows, nil
}

// writePrepared executes what was prepared before the flip.
func writePrepared(ctx context.Context, u *FlipUnit) (int, error) {
	if err := u.insert(ctx, u.stmts[u.rng.IntN(len(u.stmts))], 0); err != nil {
		return 0, err
	}
	return 1, nil
}

func writePreparedTx(ctx context.Context, u *FlipUnit) (int, error) {
	tx, err := u.DB.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	own := tx.StmtContext(ctx, u.stmts[u.rng.IntN(len(u.stmts))])
	const parts = 2
	for range parts {
		if err := u.insert(ctx, own, parts); err != nil {
			return 0, err
		}
		u.pause()
	}
	if err := u.commit(tx.Commit); err != nil {
		return 0, err
	}
	return parts, nil
}

func (u *flipUnit) insert(ctx context.Context, stmt *sql.Stmt, parts int) error {
	return u.write(func() error {
		_, err := stmt.ExecContext(ctx, u.kind, u.number, parts)
		return err
	})
}

// writeSeveral sends several statements at a time: without a transaction, in one,
// or with a transaction's beginning and end in two texts.
func writeSeveral(ctx context.Context, u *FlipUnit) (int, error) {
	ways := []string{"", "in one text", "in two texts"}
	if u.SeveralArgs != nil {
		ways = append(ways, "by Query")
	}
	const parts = 2
	one, two := u.Insert(parts), u.Insert(parts)
	texts := [][]string{{"BEGIN", one, two, "COMMIT"}}
	switch ways[u.rng.IntN(len(ways))] {
	case "":
		texts = [][]string{{u.Insert(0), u.Insert(0)}}
	case "in two texts":
		texts = [][]string{{"BEGIN", one}, {two, "COMMIT"}}
	case "by Query":
		return u.queried(ctx, u.SeveralArgs, u.Insert(0), u.Insert(0))
	}
	err := u.Pinned(ctx, func(conn *sql.Conn) error {
		for _, text := range texts {
			if err := u.exec(ctx, conn, strings.Join(text, "; ")); err != nil {
				return err
			}
			u.pause()
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return parts, nil
}

// queried runs several statements by one Query, and leaves its rows open for a while.
func (u *flipUnit) queried(ctx context.Context, args []any, queries ...string) (int, error) {
	text := strings.Join(slices.Insert(slices.Clone(queries), 1, "SELECT 1"), "; ")
	rows, err := u.query(ctx, u.DB, text, args...)
	if err != nil {
		return 0, err
	}
	u.pause()
	if err := rows.Close(); err != nil {
		return 0, err
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	return len(queries), nil
}

// querier is a pool, connection or transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// query queries by what writes.
func (u *flipUnit) query(ctx context.Context, on querier, query string, args ...any) (rows *sql.Rows, err error) {
	return rows, u.write(func() error {
		rows, err = on.QueryContext(ctx, query, args...)
		return err
	})
}

// writeRows leaves rows of an INSERT … RETURNING open for a while. Most of them come long
// after the query has returned.
func writeRows(ctx context.Context, u *FlipUnit) (int, error) {
	return u.leftOpen(ctx, u.DB, 2+u.rng.IntN(8))
}

func writeRowsTx(ctx context.Context, u *FlipUnit) (int, error) {
	parts := 2 + u.rng.IntN(3)
	tx, err := u.DB.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	if _, err := u.leftOpen(ctx, tx, parts); err != nil {
		return 0, err
	}
	if err := u.commit(tx.Commit); err != nil {
		return 0, err
	}
	return parts, nil
}

func (u *flipUnit) leftOpen(ctx context.Context, on querier, parts int) (int, error) {
	rows, err := u.query(ctx, on, u.returning(parts))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	toEnd := u.Chance(2)
	for n := 0; n == 0 || toEnd; n++ {
		if !rows.Next() {
			if err := rows.Err(); err != nil {
				return 0, err
			}
			if n != parts {
				return 0, fmt.Errorf("%d rows came back, want %d", n, parts)
			}
			break
		}
		u.pause()
	}
	time.Sleep(time.Duration(u.rng.Int64N(int64(u.nap))))
	if err := errors.Join(rows.Close(), rows.Err()); err != nil {
		return 0, err
	}
	return parts, nil
}
