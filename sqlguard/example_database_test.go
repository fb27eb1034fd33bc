package sqlguard_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
)

// openShop returns a pool that guard looks after, with two tables.
func openShop(guard *sqlguard.Guard) *sql.DB {
	db, err := sqlite.Open(":memory:", guard)
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1) // an in-memory database is its connection's own
	if _, err := db.Exec("CREATE TABLE orders (n integer); CREATE TABLE visits (n integer)"); err != nil {
		log.Fatal(err)
	}
	return db
}

// A program that wants to say more than an error page does asks the refusal what it was.
func ExampleBlockedError() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	db := openShop(guard)
	defer db.Close()
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly, Until: time.Now().Add(time.Hour)})

	_, err := db.Exec("UPDATE orders SET n = 42")
	var blocked *sqlguard.BlockedError
	if errors.As(err, &blocked) {
		fmt.Println(blocked.Op, blocked.Tables[0], blocked.HTTPStatus(), blocked.SQLState())
		fmt.Println("worth trying again later:", blocked.RetryAfter > 0)
	}
	fmt.Println("of the guard's or of the database's own:", sqlguard.IsReadOnly(err))
	// Output:
	// UPDATE orders 503 25006
	// worth trying again later: true
	// of the guard's or of the database's own: true
}

// Nothing that ran in a transaction before a refusal is committed without the rest.
func ExampleErrReadOnly_transaction() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	db := openShop(guard)
	defer db.Close()

	tx, err := db.Begin()
	if err != nil {
		log.Fatal(err)
	}
	_, err = tx.Exec("INSERT INTO orders VALUES (1)")
	fmt.Println(err)
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})
	_, err = tx.Exec("INSERT INTO orders VALUES (2)")
	fmt.Println(errors.Is(err, sqlguard.ErrReadOnly))
	fmt.Println(errors.Is(tx.Commit(), sqlguard.ErrReadOnly))

	var orders int
	err = db.QueryRow("SELECT count(*) FROM orders").Scan(&orders)
	fmt.Println(orders, err)
	// Output:
	// <nil>
	// true
	// true
	// 0 <nil>
}

// A rule skips the writes that nobody would miss. What is skipped is counted, and its
// caller is told that no row was affected.
func ExampleRule() {
	guard, err := sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{Rules: []sqlguard.Rule{
		{Tables: []string{"visits"}, Ops: []sqlguard.Op{sqlguard.OpInsert}, Action: sqlguard.Skip},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	db := openShop(guard)
	defer db.Close()
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})

	result, err := db.Exec("INSERT INTO visits VALUES (1)")
	if err != nil {
		log.Fatal(err)
	}
	affected, _ := result.RowsAffected()
	fmt.Println("affected:", affected, "skipped:", guard.Counts().Skipped)
	_, err = db.Exec("DELETE FROM visits")
	fmt.Println(err)
	// Output:
	// affected: 0 skipped: 1
	// quiesce: refused in read-only mode: DELETE (visits): deletes
}

// A write that may be lost says so where it is made, whatever table it is.
func ExampleWithBestEffort() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	db := openShop(guard)
	defer db.Close()
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})

	_, err := db.ExecContext(sqlguard.WithBestEffort(context.Background()), "UPDATE visits SET n = n + 1")
	fmt.Println(err, guard.Counts().Skipped)
	// Output: <nil> 1
}

// A migration writes while everybody else is refused. Whoever observes the guard hears of it,
// and why.
func ExampleWithBypass() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	db := openShop(guard)
	defer db.Close()
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})
	guard.AddObserver(printer{})

	migration := sqlguard.WithBypass(context.Background(), "migration 42")
	_, err := db.ExecContext(migration, "ALTER TABLE orders ADD COLUMN paid boolean")
	fmt.Println(err)
	// Output:
	// bypassed ALTER TABLE migration 42
	// <nil>
}

// printer prints what a guard tells of.
type printer struct{}

func (printer) Observe(_ context.Context, e sqlguard.Event) { fmt.Println(e.Kind, e.Op, e.Reason) }
