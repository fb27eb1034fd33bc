package pgx_test

import (
	"context"
	"database/sql"
	"errors"
	"log"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

// What is done with pgx's own connection is not guarded. In a transaction of the pool's
// the guard still knows of it, and waits for its end; so ask the guard when the
// transaction is open.
func Example_copy() {
	guard := sqlguard.Default()
	db, err := pgx.Open("postgres://app@localhost/app", guard)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := copyInto(context.Background(), db, guard, "talks", "title", "Quiet nights"); err != nil {
		log.Fatal(err)
	}
}

func copyInto(ctx context.Context, db *sql.DB, guard *sqlguard.Guard, table, column string, values ...any) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := guard.Writable(ctx); err != nil {
		return err
	}
	err = conn.Raw(func(c any) error {
		own, ok := driver.Find[*stdlib.Conn](c)
		if !ok {
			return errors.New("not a connection of pgx's")
		}
		_, err := own.Conn().CopyFrom(ctx, jackc.Identifier{table}, []string{column},
			jackc.CopyFromSlice(len(values), func(i int) ([]any, error) { return values[i : i+1], nil }))
		return err
	})
	if err != nil {
		return err
	}
	return tx.Commit()
}
