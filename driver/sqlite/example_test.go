package sqlite_test

import (
	"errors"
	"fmt"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
)

// A pool closes and opens with its guard, on the same connections.
func Example() {
	guard, err := sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{Rules: []sqlguard.Rule{
		{Tables: []string{"views"}, Action: sqlguard.Skip},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	db, err := sqlite.Open(":memory:", guard)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // an in-memory database is its connection's own
	db.Exec("CREATE TABLE talks (title text); CREATE TABLE views (n int)")

	guard.Hold("example", sqlguard.Change{Mode: sqlguard.ReadOnly})
	_, err = db.Exec("INSERT INTO talks VALUES ('Quiet nights')")
	fmt.Println(errors.Is(err, sqlguard.ErrReadOnly), err)
	_, err = db.Exec("INSERT INTO views VALUES (1)")
	fmt.Println(err, guard.Counts().Skipped)

	guard.Release("example")
	_, err = db.Exec("INSERT INTO talks VALUES ('Quiet nights')")
	fmt.Println(err)
	var talks, views int
	err = db.QueryRow("SELECT (SELECT count(*) FROM talks), (SELECT count(*) FROM views)").Scan(&talks, &views)
	fmt.Println(talks, views, err)
	// Output:
	// true quiesce: refused in read-only mode: INSERT (talks): inserts
	// <nil> 1
	// <nil>
	// 1 0 <nil>
}
