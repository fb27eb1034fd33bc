package sqlite_test

import (
	"database/sql"
	"fmt"
	"log"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
)

// With the process-wide guard a program changes the name of its driver, and nothing else.
func ExampleName() {
	db, err := sql.Open(sqlite.Name, ":memory:") // "guarded-sqlite"
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	sqlguard.Default().Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})
	defer sqlguard.Default().Release("control-panel")
	_, err = db.Exec("CREATE TABLE talks (title text)")
	fmt.Println(err)
	// Output: quiesce: refused in read-only mode: CREATE TABLE (talks): changes definitions or statistics
}
