package sqlguard_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Closing is not the end of writing: what was open may still commit. Drain waits for it, and
// says what it waits for if it is given no more time.
func ExampleGuard_Drain() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	db := openShop(guard)
	defer db.Close()
	guard.Hold("rehearsal", sqlguard.Change{Mode: sqlguard.Observe}) // from when on work is timed, and has its label

	ctx := sqlguard.WithLabel(context.Background(), "nightly report")
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders VALUES (1)"); err != nil {
		log.Fatal(err)
	}
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})

	noTime, cancel := context.WithCancel(context.Background())
	cancel()
	report, err := guard.Drain(noTime)
	fmt.Println(err != nil, report.Open)

	fmt.Println(tx.Commit()) // it writes no more, so it may
	_, err = guard.Drain(context.Background())
	fmt.Println(err, len(guard.Pending().Open))
	// Output:
	// true [transaction, last INSERT (orders), nightly report]
	// <nil>
	// <nil> 0
}

// Where the time is up, what is open is cut off: it can only be rolled back.
func ExampleGuard_Cut() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	db := openShop(guard)
	defer db.Close()

	tx, err := db.Begin()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO orders VALUES (1)"); err != nil {
		log.Fatal(err)
	}
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})
	fmt.Println(guard.Cut())
	fmt.Println(errors.Is(tx.Commit(), sqlguard.ErrReadOnly))
	_, err = guard.Drain(context.Background())
	fmt.Println(err)
	// Output:
	// <nil>
	// true
	// <nil>
}

// A long transaction may be given time to end as it is.
func ExampleChange_grace() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	db := openShop(guard)
	defer db.Close()

	tx, err := db.Begin()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO orders VALUES (1)"); err != nil {
		log.Fatal(err)
	}
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly, Grace: time.Hour})
	_, err = tx.Exec("INSERT INTO orders VALUES (2)")
	fmt.Println(err, tx.Commit())
	_, err = db.Exec("INSERT INTO orders VALUES (3)")
	fmt.Println(errors.Is(err, sqlguard.ErrReadOnly))
	// Output:
	// <nil> <nil>
	// true
}

// A lease closes writing when nobody renews it. So somebody elsewhere may count on
// it, also where this process hears nothing any more.
func ExampleLease() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	lease := sqlguard.NewLease(time.Now(), time.Minute)
	guard.Hold("fleet", sqlguard.Change{Lease: lease})
	fmt.Println(guard.Writable(context.Background()))

	lease.End() // as when its time is up
	fmt.Println(errors.Is(guard.Writable(context.Background()), sqlguard.ErrReadOnly))
	fmt.Println(lease.Renew(time.Now(), time.Minute))
	// Output:
	// <nil>
	// true
	// false
}
