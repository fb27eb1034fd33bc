package driver_test

import (
	"context"
	sqldriver "database/sql/driver"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/sqlguard"
)

// judging is keywords for an engine that can be told to refuse writes.
type judging struct {
	keywords
	texts sqlguard.ReadOnlyTexts
}

func (j judging) ReadOnlyTexts() sqlguard.ReadOnlyTexts { return j.texts }

var (
	armable  = judging{texts: sqlguard.ReadOnlyTexts{Begin: "BEGIN READ ONLY", Arm: "ARM"}}
	unarmed  = judging{texts: sqlguard.ReadOnlyTexts{Begin: "BEGIN READ ONLY"}}
	switches = judging{texts: sqlguard.ReadOnlyTexts{Switch: "SWITCH?", SwitchOn: "SWITCH ON", SwitchOff: "SWITCH OFF"}}
)

// play returns a script on one connection of a pool whose engine judges.
func play(t *testing.T, f *fake, d sqlguard.Dialect, policy sqlguard.Policy, idle func(sqldriver.Conn) bool) *script {
	t.Helper()
	g := newGuard(t, policy)
	db, err := driver.OpenDB(f, driver.Config{Guard: g, Dialect: d, Idle: idle})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &script{t: t, guard: g, db: db, conn: pin(t, db)}
}

// asked is calls, with the ends of rows.
func asked(f *fake) string {
	short := strings.NewReplacer("ExecContext ", "", "QueryContext ", "", "Stmt", "prepared ", "BeginTx 0 false", "begin",
		"BeginTx 0 true", "begin read-only", "RowsClose", "rows closed", "Commit 1", "commit", "Rollback 1", "rollback")
	var calls []string
	for _, call := range f.traces() {
		_, call, _ = strings.Cut(call, " ")
		switch verb, _, _ := strings.Cut(call, " "); verb {
		case "Connect", "ResetSession", "IsValid", "Check", "RowsNext", "PrepareContext", "CloseStmt":
		default:
			calls = append(calls, short.Replace(call))
		}
	}
	return strings.Join(calls, ", ")
}

const allowed = "audit"

var allowsAudit = sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{allowed}, Action: sqlguard.Allow}}}

func TestTheEngineJudgesWhatNoTextShows(t *testing.T) {
	for _, test := range []struct {
		name   string
		on     judging
		policy sqlguard.Policy
		steps  string
		asked  string
	}{
		{
			name: "outside of a transaction a query gets its own, which ends when the rows are closed", on: armable,
			steps: "read-only\nquery: SELECT unknown()\nquery: SELECT 1",
			asked: "BEGIN READ ONLY, SELECT unknown(), rows closed, ROLLBACK, SELECT 1, rows closed",
		},
		{
			name: "what is executed gets one too", on: unarmed,
			steps: "read-only\nSELECT unknown()",
			asked: "BEGIN READ ONLY, SELECT unknown(), ROLLBACK",
		},
		{
			name: "with the mode off, or observing, nothing is asked", on: armable,
			steps: "SELECT unknown()\nobserve\nquery: SELECT unknown()",
			asked: "SELECT unknown(), SELECT unknown(), rows closed",
		},
		{
			name: "a bypass is not judged by the engine", on: armable,
			steps: "read-only\nbypass: SELECT unknown()",
			asked: "SELECT unknown()",
		},
		{
			name: "who vouches for the function asks nothing", on: armable, policy: sqlguard.Policy{Readers: []string{"unknown"}},
			steps: "read-only\nSELECT unknown()",
			asked: "SELECT unknown()",
		},
		{
			name: "a policy that allows writes keeps nobody from asking outside of a transaction", on: armable, policy: allowsAudit,
			steps: "read-only\nSELECT unknown()",
			asked: "BEGIN READ ONLY, SELECT unknown(), ROLLBACK",
		},
		{
			name: "beside another statement it is refused", on: armable,
			steps: "read-only\nSELECT unknown(); SELECT 1 !\nSELECT unknown(); COMMIT !",
		},
		{
			name: "what was begun unseen is rolled back first, and its commit is refused", on: armable,
			steps: "BEGIN\nread-only\nSELECT unknown()\nSELECT unknown()\nCOMMIT !",
			asked: "BEGIN, ROLLBACK, BEGIN READ ONLY, SELECT unknown(), ROLLBACK, BEGIN READ ONLY, SELECT unknown(), ROLLBACK, ROLLBACK",
		},
		{
			name: "what an allowed write may have begun is rolled back first, and its commit is refused", on: unarmed, policy: allowsAudit,
			steps: "read-only\nINSERT INTO audit\nSELECT unknown()\nCOMMIT !",
			asked: "INSERT INTO audit, ROLLBACK, BEGIN READ ONLY, SELECT unknown(), ROLLBACK, ROLLBACK",
		},
		{
			name: "in a transaction that is read-only for the engine a query just runs", on: unarmed,
			steps: "read-only\nbegin\nquery: SELECT unknown()\nSAVEPOINT s\nROLLBACK TO s\nSELECT unknown()\ncommit",
			asked: "begin read-only, SELECT unknown(), rows closed, SAVEPOINT s, ROLLBACK TO s, SELECT unknown(), commit",
		},
		{
			name: "in one begun by text the engine is told each time", on: armable,
			steps: "read-only\nBEGIN\nSELECT unknown()\nSAVEPOINT s\nquery: SELECT unknown()\nROLLBACK TO s\nSELECT unknown()\nCOMMIT",
			asked: "BEGIN, ARM, SELECT unknown(), SAVEPOINT s, ARM, SELECT unknown(), rows closed, ROLLBACK TO s, ARM, SELECT unknown(), COMMIT",
		},
		{
			name: "where the engine cannot be told, the query is refused, and the transaction only rolls back", on: unarmed,
			steps: "read-only\nBEGIN\nSELECT unknown() !\nSELECT 1\nCOMMIT !",
			asked: "BEGIN, SELECT 1, ROLLBACK",
		},
		{
			name: "in one born before the flip, which a text may have ended, the query is refused", on: armable,
			steps: "begin\nCOMMIT\nread-only\nSELECT unknown() !\ncommit !",
			asked: "begin, COMMIT, rollback",
		},
		{
			name: "the engine is told nothing while a rule allows writes", on: armable, policy: allowsAudit,
			steps: "read-only\nbegin\nINSERT INTO audit\nSELECT unknown() !\ncommit !",
			asked: "begin, INSERT INTO audit, rollback",
		},
		{
			name: "a commit by text ends what BeginTx made read-only", on: armable,
			steps: "read-only\nbegin\nCOMMIT\nSELECT unknown() !\ncommit !",
			asked: "begin read-only, COMMIT, rollback",
		},
		{
			name: "a rollback by text ends what BeginTx made read-only", on: unarmed,
			steps: "read-only\nbegin\nROLLBACK\nSELECT unknown() !\ncommit !",
			asked: "begin read-only, ROLLBACK, rollback",
		},
		{
			name: "another BEGIN by text ends it, as in MySQL", on: unarmed,
			steps: "read-only\nbegin\nBEGIN\nSELECT unknown() !\ncommit !",
			asked: "begin read-only, BEGIN, rollback",
		},
		{
			name: "in what another BEGIN has begun the engine is told", on: armable,
			steps: "read-only\nbegin\nCOMMIT; BEGIN\nSELECT unknown()\ncommit",
			asked: "begin read-only, COMMIT; BEGIN, ARM, SELECT unknown(), commit",
		},
		{
			name: "a bypass that commits in passing ends it", on: unarmed,
			steps: "read-only\nbegin\nbypass: CREATE TABLE u\nSELECT unknown() !\ncommit !",
			asked: "begin read-only, CREATE TABLE u, rollback",
		},
		{
			name: "a bypass that writes may have ended it", on: unarmed,
			steps: "read-only\nbegin\nbypass: INSERT INTO t\nSELECT unknown() !\ncommit !",
			asked: "begin read-only, INSERT INTO t, rollback",
		},
		{
			name: "of a query for several statements, nobody knows which have run", on: unarmed,
			steps: "read-only\nbegin\nquery: SELECT 1; SELECT 2\nSELECT unknown() !\ncommit !",
			asked: "begin read-only, SELECT 1; SELECT 2, rows closed, rollback",
		},
		{
			name: "after the transaction the next query gets its own", on: armable,
			steps: "read-only\nBEGIN\nCOMMIT\nSELECT unknown()\nBEGIN\nROLLBACK\nSELECT unknown()",
			asked: "BEGIN, COMMIT, BEGIN READ ONLY, SELECT unknown(), ROLLBACK, BEGIN, ROLLBACK, BEGIN READ ONLY, SELECT unknown(), ROLLBACK",
		},
		{
			name: "an engine that cannot be told anything is not asked", on: judging{},
			steps: "read-only\nSELECT unknown() !",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{}
			s := play(t, f, test.on, test.policy, nil)
			s.run(test.steps)
			if got := asked(f); got != test.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, test.asked)
			}
		})
	}
}

func TestWhereTheDriverKnowsWhatIsOpenTheEngineIsAskedToTheEnd(t *testing.T) {
	for _, test := range []struct{ name, steps, asked string }{
		{"a commit by text, seen or not, is followed by a transaction of the guard's own",
			"begin\nCOMMIT\nread-only\nSELECT unknown()\ncommit",
			"begin, COMMIT, BEGIN READ ONLY, SELECT unknown(), ROLLBACK, commit"},
		{"a transaction born before the flip is told to refuse writes",
			"begin\nread-only\nSELECT unknown()\ncommit",
			"begin, ARM, SELECT unknown(), commit"},
		{"nothing is rolled back where nothing is open",
			"SELECT 1\nread-only\nSELECT unknown()",
			"SELECT 1, BEGIN READ ONLY, SELECT unknown(), ROLLBACK"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, open := &fake{}, false
			f.onCall = func(call string) {
				switch verb := strings.TrimPrefix(call, "ExecContext "); {
				case strings.HasPrefix(call, "BeginTx"), strings.HasPrefix(verb, "BEGIN"):
					open = true
				case strings.HasPrefix(call, "Commit"), verb == "COMMIT", verb == "ROLLBACK":
					open = false
				}
			}
			s := play(t, f, armable, nothing, func(sqldriver.Conn) bool { return !open })
			s.run(test.steps)
			if got := asked(f); got != test.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, test.asked)
			}
		})
	}
}

func TestWhatTheEngineJudgesIsNotWaitedFor(t *testing.T) {
	f := &fake{}
	s := play(t, f, armable, nothing, nil)
	s.run("read-only")
	rows, err := s.conn.QueryContext(context.Background(), "SELECT unknown()")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	report, err := s.guard.Drain(context.Background())
	if err != nil || report.Waited != 0 || slices.Contains(strings.Split(asked(f), ", "), "ROLLBACK") {
		t.Errorf("Drain has waited: %+v, %v", report, err)
	}
}
