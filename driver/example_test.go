package driver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"

	bare "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// Any driver is guarded by the name that it is registered under, and the dialect of its
// database. For the usual ones there are packages below this one, which know more of them.
func ExampleOpen() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	db, err := driver.Open("sqlite", ":memory:", driver.Config{Guard: guard, Dialect: sqlite.Dialect{}})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	guard.Hold("example", sqlguard.Change{Mode: sqlguard.ReadOnly})
	_, err = db.Exec("CREATE TABLE orders (n)")
	fmt.Println(errors.Is(err, sqlguard.ErrReadOnly))
	// Output: true
}

// A connector may have any hooks of its driver, and other wrappers around it.
func ExampleOpenDB() {
	connector, err := bare.NewConnector(":memory:")
	if err != nil {
		log.Fatal(err)
	}
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	db, err := driver.OpenDB(connector, driver.Config{Guard: guard, Dialect: sqlite.Dialect{}})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	var answer int
	err = db.QueryRow("SELECT 6 * 7").Scan(&answer)
	fmt.Println(answer, err)
	// Output: 42 <nil>
}

// A library that knows databases by the names of their drivers is given a name.
func ExampleRegister() {
	err := driver.Register("sqlite-guarded", &bare.Driver{}, driver.Config{Dialect: sqlite.Dialect{}}) // on sqlguard.Default
	if err != nil {
		log.Fatal(err)
	}
	db, err := sql.Open("sqlite-guarded", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	fmt.Println(db.Ping())
	// Output: <nil>
}

// What only the driver's own connection can do is done with it. The guard does not see that, so
// ask it first.
func ExampleFind() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	db, err := driver.Open("sqlite", ":memory:", driver.Config{Guard: guard, Dialect: sqlite.Dialect{}})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		own, ok := driver.Find[interface{ Serialize() ([]byte, error) }](c)
		if !ok {
			return errors.New("not a connection of SQLite's driver")
		}
		copied, err := own.Serialize()
		fmt.Println(len(copied) >= 0, err)
		return nil
	})
	fmt.Println(err)
	// Output:
	// true <nil>
	// <nil>
}
