package verify_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
	_ "modernc.org/sqlite"
)

// The database itself is asked whether writing is over. It is reached by a pool that no guard
// wraps, with an account that may see what others do.
func ExampleVerifier_Wait() {
	folder, err := os.MkdirTemp("", "verify")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "app.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	verifier, err := verify.New(verify.Config{DB: db, Dialect: verify.SQLite, Still: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	report, err := verifier.Wait(ctx, func(so verify.Report) {
		for _, w := range so.Writers {
			log.Println("waiting for", w.Application, w.Detail)
		}
	})
	var privilege *verify.PrivilegeError
	switch {
	case errors.As(err, &privilege):
		log.Fatal(privilege) // which names the GRANT
	case errors.Is(err, verify.ErrNotQuiet):
		log.Fatal("somebody still writes: ", report)
	case err != nil:
		log.Fatal(err)
	}
	fmt.Println("quiet:", report.Quiet, "for a second:", report.StillSeconds >= 1)
	// Output: quiet: true for a second: true
}

// A wrong configuration is found at once, and named.
func ExampleNew() {
	_, err := verify.New(verify.Config{DB: new(sql.DB), Dialect: "oracle"})
	fmt.Println(err)
	// Output: verify: Config.Dialect is "oracle", expected "postgres", "mysql" or "sqlite"
}
