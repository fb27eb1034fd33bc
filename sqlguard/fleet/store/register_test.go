package store_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// A process that registers while the mode changes is either there for whoever looks after the change, or hears of it: else
// nobody would wait for it, and it would write.
func TestARegistrationThatIsDelayedHearsOfTheChange(t *testing.T) {
	dsn := testdb.Postgres(t).Database(t)
	member, operator := open(t, dsn), open(t, dsn)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// Somebody is about to write the same record, so the registration waits, and has its snapshot.
	other, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback()
	if _, err := other.ExecContext(t.Context(), `INSERT INTO quiesce_instance (id, lease, ttl, registered, seen, epoch, record, report)
		VALUES ('a', 'other', 1, 0, 0, 0, '{}', '{}')`); err != nil {
		t.Fatal(err)
	}
	heard := make(chan fleet.Mode, 1)
	go func() {
		m, err := member.Register(t.Context(), instance)
		if err != nil {
			t.Error(err)
		}
		heard <- m
	}()
	for waiting := 0; waiting == 0; time.Sleep(time.Millisecond) {
		scan(t, db, &waiting, "SELECT count(*) FROM pg_locks WHERE NOT granted")
	}
	armed, err := operator.Swap(t.Context(), 1, fleet.Mode{
		State: fleet.Armed, Op: "op", Change: sqlguard.Change{Mode: sqlguard.ReadOnly},
	})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := operator.List(t.Context()); err != nil || len(all.Instances) > 0 {
		t.Fatalf("%d processes are there already: %v", len(all.Instances), err)
	}
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got != armed {
		t.Errorf("it heard of %+v, want %+v", got, armed)
	}
}
