package mysql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"

	driver "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/sqlguard"
)

func ExampleOpen() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	db, err := mysql.Open("app@tcp(localhost)/app", guard)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})
	_, err = db.Exec("UPDATE orders SET paid = ? WHERE id = ?", true, 42)
	if errors.Is(err, sqlguard.ErrReadOnly) {
		fmt.Println("nothing can be saved right now")
	}
}

// With the process-wide guard a program changes the name of its driver, and nothing else.
func ExampleName() {
	db, err := sql.Open(mysql.Name, "app@tcp(localhost)/app") // "guarded-mysql"
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
}

// rejectReadOnly would make lost connections of what the server refuses, so no pool is
// opened with it.
func ExampleOpen_rejectReadOnly() {
	_, err := mysql.Open("app@tcp(localhost)/app?rejectReadOnly=true", nil)
	fmt.Println(err != nil)
	// Output: true
}

// A procedure that only reads is called with a bypass, because no text says what it does.
func ExampleOpen_procedure() {
	db, err := mysql.Open("app@tcp(localhost)/app", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	ctx := sqlguard.WithBypass(context.Background(), "the procedure only reads")
	rows, err := db.QueryContext(ctx, "CALL orders_of_today()")
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
}

// Who feeds LOAD DATA LOCAL through a pipe closes the reading end when the load is over: a
// refused load asks nobody for the rows.
func ExampleOpen_loadData() {
	db, err := mysql.Open("app@tcp(localhost)/app", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	r, w := io.Pipe()
	driver.RegisterReaderHandler("rows", func() io.Reader { return r })
	defer driver.DeregisterReaderHandler("rows")
	go func() {
		_, err := io.WriteString(w, "1\tQuiet nights\n")
		w.CloseWithError(err) // nil is the end of the rows
	}()
	_, err = db.Exec("LOAD DATA LOCAL INFILE 'Reader::rows' INTO TABLE talks")
	r.CloseWithError(err)
}
