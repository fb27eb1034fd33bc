package mysql_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/sqlguard"
)

// events notes the kinds of what a guard tells of statements.
type events struct {
	mu    sync.Mutex
	kinds []sqlguard.Kind
}

func (e *events) Observe(_ context.Context, event sqlguard.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if event.Kind != sqlguard.Flipped {
		e.kinds = append(e.kinds, event.Kind)
	}
}

// taken returns what was noted since it was last called.
func (e *events) taken() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() { e.kinds = nil }()
	return fmt.Sprint(e.kinds)
}

// Where arguments are not interpolated the driver answers ErrSkip, and database/sql
// comes again with a prepared statement.
func TestACallIsOneDecisionAndOneEvent(t *testing.T) {
	for _, parameters := range []string{"", "interpolateParams=true", "multiStatements=true&interpolateParams=true"} {
		e := engine(t, parameters)
		told := &events{}
		e.Guard.SetObserver(told)
		calls := map[string]func() error{
			"an insert": func() error { _, err := e.DB.Exec("INSERT INTO u (a) VALUES (?)", 5); return err },
			"an insert that returns rows": func() error {
				var a int
				return e.DB.QueryRow("INSERT INTO u (a) VALUES (?) RETURNING a", 6).Scan(&a)
			},
		}
		for name, call := range calls {
			name = fmt.Sprintf("%s with %q", name, parameters)
			e.Set(t, sqlguard.Observe)
			if err := call(); err != nil {
				t.Errorf("%s is observed: %v", name, err)
			}
			if got := told.taken(); got != "[observed]" {
				t.Errorf("%s is observed: the events are %s", name, got)
			}
			e.Set(t, sqlguard.ReadOnly)
			enginetest.Refused(t, name, call())
			if got := told.taken(); got != "[rejected]" {
				t.Errorf("%s is refused: the events are %s", name, got)
			}
			e.Set(t, sqlguard.Off)
			if err := call(); err != nil {
				t.Errorf("%s with the mode off: %v", name, err)
			}
			if got := told.taken(); got != "[]" {
				t.Errorf("%s with the mode off: the events are %s", name, got)
			}
		}
		var n int
		if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a > ?", 4).Scan(&n); err != nil || n != 4 {
			t.Errorf("with %q there are %d rows (%v), want the 4 that were not refused", parameters, n, err)
		}
	}
}

func TestAProcedureIsRefusedUnlessSomebodyAnswersForIt(t *testing.T) {
	e := engine(t, "")
	e.Set(t, sqlguard.ReadOnly)
	var got int
	enginetest.Refused(t, "CALL", e.DB.QueryRow("CALL two()").Scan(&got))
	_, err := e.DB.Exec("CALL two()")
	enginetest.Refused(t, "CALL by Exec", err)
	stmt, err := e.DB.Prepare("CALL two()")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	enginetest.Refused(t, "CALL, prepared", stmt.QueryRow().Scan(&got))
	// No text names what a procedure writes, so no rule can answer for it.
	err = e.Guard.SetPolicy(sqlguard.Policy{
		Rules:   []sqlguard.Rule{{Tables: []string{"*"}, Ops: []sqlguard.Op{"CALL"}, Action: sqlguard.Allow}},
		Readers: []string{"two"},
	})
	if err != nil {
		t.Fatal(err)
	}
	enginetest.Refused(t, "CALL, with a rule for it", e.DB.QueryRow("CALL two()").Scan(&got))
	bypass := sqlguard.WithBypass(ctx, "test")
	if err := e.DB.QueryRowContext(bypass, "CALL two()").Scan(&got); err != nil || got != 1 {
		t.Errorf("bypassed, it gives %d, %v; want 1", got, err)
	}
	if n := e.Guard.Counts(); n.Bypassed != 1 || n.Rejected != 4 {
		t.Errorf("%d were bypassed and %d rejected, want 1 and 4", n.Bypassed, n.Rejected)
	}
}

// The server would commit, and then drop the table.
func TestDefinitionsInAReadOnlyTransactionAreRefused(t *testing.T) {
	e := engine(t, "")
	e.Set(t, sqlguard.ReadOnly)
	before := string(e.Dump())
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"DROP TABLE u", "TRUNCATE TABLE u", "CREATE TABLE x (a int)", "ALTER TABLE u ADD b int", "CREATE INDEX i ON u (a)",
		"RENAME TABLE u TO x", "DROP VIEW v", "DROP PROCEDURE two", "ANALYZE TABLE u", "/*!50000 DROP TABLE u */", "/*M!100000 DROP TABLE u */",
	} {
		_, err = tx.Exec(text)
		enginetest.Refused(t, text, err)
	}
	enginetest.Refused(t, "the commit", tx.Commit())
	if after := string(e.Dump()); after != before {
		t.Errorf("the database has changed:\n%s\nwas:\n%s", after, before)
	}
}
