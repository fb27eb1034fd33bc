package readme_test

import (
	"os/exec"
	"testing"

	"github.com/quiescehq/quiesce/internal/testdb"
)

// TestTheNativePoolOfTheREADME runs the block that opens one, on a real server.
func TestTheNativePoolOfTheREADME(t *testing.T) {
	block := goBlock(t, "pgx.NewPool(")
	text := `package main

import (
	"context"
	"fmt"
	"log"

	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

func main() {
	ctx := context.Background()
	` + replace(t, block, "postgres://app@localhost/app", testdb.Postgres(t).Database(t)) + `
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	_, before := pool.Exec(ctx, "CREATE TABLE notes (text text)")
	if err := sqlguard.Default().Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		log.Fatal(err)
	}
	_, after := pool.Exec(ctx, "DROP TABLE notes")
	fmt.Print(before, " ", sqlguard.IsReadOnly(after))
}
`
	cmd := exec.Command(build(t, map[string]string{"main.go": text}))
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if want := "<nil> true"; err != nil || string(out) != want {
		t.Errorf("the program says %q (%v), want %q", out, err, want)
	}
}
