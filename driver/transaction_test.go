package driver_test

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// script runs steps on one connection of a pool: "off", "observe" and
// "read-only" flip the mode; "begin", "commit" and "rollback" are those of
// database/sql; "return" gives the connection back to the pool and takes it
// again; anything else is a statement, to be queried if it begins with "query:".
// A step that ends in " !" must be refused by the guard, any other must succeed.
type script struct {
	t     *testing.T
	guard *sqlguard.Guard
	db    *sql.DB
	conn  *sql.Conn
	tx    *sql.Tx
}

func (s *script) run(steps string) {
	s.t.Helper()
	for step := range strings.SplitSeq(steps, "\n") {
		step = strings.TrimSpace(step)
		step, refuse := strings.CutSuffix(step, " !")
		err := s.step(step)
		if refuse {
			refused(s.t, step, err)
			if errors.Is(err, sql.ErrConnDone) {
				s.t.Fatalf("%s: the refusal looks like a lost connection", step)
			}
		} else if err != nil {
			s.t.Fatalf("%s: %v", step, err)
		}
	}
}

func (s *script) step(step string) error {
	ctx := context.Background()
	var err error
	switch step {
	case "":
	case "off":
		set(s.t, s.guard, sqlguard.Off)
	case "observe":
		set(s.t, s.guard, sqlguard.Observe)
	case "read-only":
		set(s.t, s.guard, sqlguard.ReadOnly)
	case "begin":
		tx, berr := s.conn.BeginTx(ctx, nil)
		if berr == nil {
			s.t.Cleanup(func() { tx.Rollback() }) // the connection's Close waits for it
		}
		s.tx, err = tx, berr
	case "commit":
		err = s.tx.Commit()
		s.tx = nil
	case "rollback":
		err = s.tx.Rollback()
		s.tx = nil
	case "return":
		s.conn.Close()
		s.conn, err = s.db.Conn(ctx)
	default:
		err = s.statement(step)
	}
	return err
}

func (s *script) statement(text string) error {
	ctx := context.Background()
	on := interface {
		execer
		QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	}(s.conn)
	if s.tx != nil {
		on = s.tx
	}
	if query, ok := strings.CutPrefix(text, "query: "); ok {
		rows, err := on.QueryContext(ctx, query)
		if err == nil {
			err = rows.Close()
		}
		return err
	}
	if text, ok := strings.CutPrefix(text, "bypass: "); ok {
		_, err := on.ExecContext(sqlguard.WithBypass(ctx, "test"), text)
		return err
	}
	_, err := on.ExecContext(ctx, text)
	return err
}

// calls shortens what a modern fake driver was asked.
func calls(f *fake) string {
	return strings.NewReplacer("ExecContext ", "", "QueryContext ", "", "BeginTx 0 false", "begin",
		"BeginTx 0 true", "begin read-only", "Commit", "commit", "Rollback", "rollback").Replace(f.did())
}

// No half transactions.
func TestTransactionsAreNeverHalfCommitted(t *testing.T) {
	for _, test := range []struct {
		name   string
		steps  string
		asked  string // of the driver
		policy sqlguard.Policy
	}{
		{
			name:  "a refusal in a transaction makes commit roll back",
			steps: "read-only\nbegin\nINSERT INTO t !\nSELECT 1\ncommit !",
			asked: "begin read-only, SELECT 1, rollback",
		},
		{
			name:  "a transaction born before the flip is refused its next write",
			steps: "begin\nINSERT INTO t\nread-only\nINSERT INTO t !\ncommit !",
			asked: "begin, INSERT INTO t, rollback",
		},
		{
			name:  "a transaction born before the flip that writes no more may commit",
			steps: "begin\nINSERT INTO t\nread-only\nSELECT 1\ncommit",
			asked: "begin, INSERT INTO t, SELECT 1, commit",
		},
		{
			name:  "the mode going off does not lift a refusal",
			steps: "begin\nINSERT INTO t\nread-only\nINSERT INTO t !\noff\nINSERT INTO t !\nSELECT 1\ncommit !",
			asked: "begin, INSERT INTO t, SELECT 1, rollback",
		},
		{
			name:  "a rollback lifts it",
			steps: "begin\nread-only\nINSERT INTO t !\nrollback\noff\nbegin\nINSERT INTO t\ncommit",
			asked: "begin, rollback, begin, INSERT INTO t, commit",
		},
		{
			name:  "the next transaction on the connection is not concerned",
			steps: "begin\nread-only\nINSERT INTO t !\ncommit !\noff\nbegin\nINSERT INTO t\ncommit",
			asked: "begin, rollback, begin, INSERT INTO t, commit",
		},
		{
			name:   "a dropped statement does not make commit roll back",
			policy: sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"hits"}, Action: sqlguard.Skip}}},
			steps:  "begin\nread-only\nINSERT INTO hits\ncommit",
			asked:  "begin, commit",
		},
		{
			name:   "where a rule allows writes, no read-only transaction is asked for, and after a refusal nothing more is written",
			policy: sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"audit"}, Action: sqlguard.Allow}}},
			steps:  "read-only\nbegin\nINSERT INTO audit\nINSERT INTO t !\nINSERT INTO audit !\ncommit !",
			asked:  "begin, INSERT INTO audit, rollback",
		},
		{
			name:  "a bypass does not commit a transaction with a refusal in it",
			steps: "read-only\nbegin\nINSERT INTO t !\nbypass: INSERT INTO t !\nbypass: COMMIT !\ncommit !",
			asked: "begin read-only, rollback",
		},
		{
			name:  "commit by text under BeginTx is refused, so that the commit gets the error",
			steps: "begin\nread-only\nINSERT INTO t !\nCOMMIT !\ncommit !",
			asked: "begin, rollback",
		},
		{
			name:  "begun by text: commit by text becomes a rollback",
			steps: "read-only\nBEGIN\nINSERT INTO t !\nSELECT 1\nCOMMIT !\nSELECT 2",
			asked: "BEGIN, SELECT 1, ROLLBACK, SELECT 2",
		},
		{
			name:  "begun by text: it is followed when the mode goes off",
			steps: "read-only\nBEGIN\noff\nINSERT INTO t\nread-only\nINSERT INTO t !\noff\nCOMMIT !\nBEGIN\nINSERT INTO t\nCOMMIT",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, BEGIN, INSERT INTO t, COMMIT",
		},
		{
			name:  "begun by text: without a refusal it commits",
			steps: "read-only\nBEGIN\nSELECT 1\nCOMMIT",
			asked: "BEGIN, SELECT 1, COMMIT",
		},
		{
			name:  "begun by text: rolling back to a savepoint does not lift the refusal, releasing one does not commit",
			steps: "read-only\nBEGIN\nSAVEPOINT s\nINSERT INTO t !\nROLLBACK TO s\nRELEASE s\nCOMMIT !",
			asked: "BEGIN, SAVEPOINT s, ROLLBACK TO s, RELEASE s, ROLLBACK",
		},
		{
			name:  "begun by text: ROLLBACK lifts it",
			steps: "read-only\nBEGIN\nINSERT INTO t !\nROLLBACK\nBEGIN\nCOMMIT",
			asked: "BEGIN, ROLLBACK, BEGIN, COMMIT",
		},
		{
			name:  "begun by text: a query for ROLLBACK does not lift it, because it may not have run yet",
			steps: "read-only\nBEGIN\nINSERT INTO t !\nquery: ROLLBACK\nCOMMIT !",
			asked: "BEGIN, ROLLBACK, ROLLBACK",
		},
		{
			name:  "begun by text: what commits in passing is refused, and so is another BEGIN",
			steps: "read-only\nBEGIN\nINSERT INTO t !\noff\nCREATE TABLE u !\nBEGIN !\nCOMMIT !\nCREATE TABLE u",
			asked: "BEGIN, ROLLBACK, CREATE TABLE u",
		},
		{
			name:  "several statements in one text are followed one by one",
			steps: "read-only\nSELECT 1; BEGIN\nINSERT INTO t !\nSELECT 1; COMMIT !\nBEGIN; SELECT 1; COMMIT\nCOMMIT",
			asked: "SELECT 1; BEGIN, ROLLBACK, BEGIN; SELECT 1; COMMIT, COMMIT",
		},
		{
			name:  "in one text, a ROLLBACK lifts the refusal for what follows",
			steps: "read-only\nBEGIN\nINSERT INTO t !\nROLLBACK; BEGIN; COMMIT\nBEGIN\nCOMMIT",
			asked: "BEGIN, ROLLBACK; BEGIN; COMMIT, BEGIN, COMMIT",
		},
		{
			name:  "a commit whose beginning was not seen becomes a rollback",
			steps: "BEGIN\nINSERT INTO t\nread-only\nSELECT 1\nCOMMIT !\nBEGIN\nCOMMIT",
			asked: "BEGIN, INSERT INTO t, SELECT 1, ROLLBACK, BEGIN, COMMIT",
		},
		{
			name:  "a commit whose beginning was not seen passes in observe mode, and not by a bypass",
			steps: "BEGIN\nobserve\nCOMMIT\noff\nBEGIN\nread-only\nbypass: COMMIT !",
			asked: "BEGIN, COMMIT, BEGIN, ROLLBACK",
		},
		{
			name:  "who commits by a setting is told that it was rolled back, as by COMMIT",
			steps: "SET autocommit 0\nINSERT INTO t\nread-only\nSET autocommit 1 !\nSET autocommit 1",
			asked: "SET autocommit 0, INSERT INTO t, ROLLBACK, SET autocommit 1",
		},
		{
			name:  "and so is who commits by a setting what was seen to have a refusal in it",
			steps: "read-only\nSET autocommit 0\nINSERT INTO t !\nSET autocommit 1 !\nSET autocommit 1",
			asked: "SET autocommit 0, ROLLBACK, SET autocommit 1",
		},
		{
			name:  "a refusal in a transaction whose beginning was not seen outlives the mode",
			steps: "BEGIN\nINSERT INTO t\nread-only\nINSERT INTO t !\noff\nCOMMIT !",
			asked: "BEGIN, INSERT INTO t, ROLLBACK",
		},
		{
			name:  "what might release a transaction begun unseen is refused",
			steps: "SAVEPOINT s\nINSERT INTO t\nread-only\nRELEASE s !\nROLLBACK",
			asked: "SAVEPOINT s, INSERT INTO t, ROLLBACK",
		},
		{
			name:  "before another begins, a transaction begun unseen is rolled back",
			steps: "SELECT 1\nread-only\nBEGIN\nCOMMIT\noff\nSELECT 1\nread-only\nbegin\ncommit",
			asked: "SELECT 1, ROLLBACK, BEGIN, COMMIT, SELECT 1, ROLLBACK, begin read-only, commit",
		},
		{
			name:  "a refusal outside of any known transaction does not keep a later one from committing",
			steps: "SELECT 1\nread-only\nINSERT INTO t !\noff\nINSERT INTO t\nBEGIN\nINSERT INTO t\nCOMMIT",
			asked: "SELECT 1, INSERT INTO t, ROLLBACK, BEGIN, INSERT INTO t, COMMIT",
		},
		{
			name:  "where nothing ran unseen, a refusal leaves no trace",
			steps: "read-only\nINSERT INTO t !\nBEGIN\nCOMMIT\nbegin\ncommit\nCOMMIT",
			asked: "BEGIN, COMMIT, begin read-only, commit, COMMIT",
		},
		{
			name:  "in SQLite a savepoint begins a transaction, and its release would commit it",
			steps: "read-only\nSAVEPOINT s\nINSERT INTO t !\nRELEASE s !\nSAVEPOINT s\nSAVEPOINT r\nRELEASE r\nRELEASE s\nBEGIN\nCOMMIT",
			asked: "SAVEPOINT s, ROLLBACK, SAVEPOINT s, SAVEPOINT r, RELEASE r, RELEASE s, BEGIN, COMMIT",
		},
		{
			name:  "BeginTx rolls back a transaction begun by text with a refusal in it",
			steps: "read-only\nBEGIN\nINSERT INTO t !\noff\nbegin\nINSERT INTO t\ncommit",
			asked: "BEGIN, ROLLBACK, begin, INSERT INTO t, commit",
		},
		{
			name:  "the pool rolls back what comes back with a refusal in it",
			steps: "read-only\nBEGIN\nINSERT INTO t !\nreturn\noff\nBEGIN\nINSERT INTO t\nCOMMIT",
			asked: "BEGIN, ROLLBACK, BEGIN, INSERT INTO t, COMMIT",
		},
		{
			name:  "what ran unseen may have begun a transaction, and the pool does not end it",
			steps: "BEGIN\nINSERT INTO t\nreturn\nread-only\nINSERT INTO t !\noff\nCOMMIT !\nBEGIN\nCOMMIT",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, BEGIN, COMMIT",
		},
		{
			name:  "a transaction begun unseen that goes through the pool between its statements is rolled back",
			steps: "BEGIN\nreturn\nINSERT INTO t\nreturn\nread-only\nINSERT INTO t !\nreturn\nCOMMIT\nreturn\nINSERT INTO t !\nreturn\nSELECT 1",
			asked: "BEGIN, INSERT INTO t, ROLLBACK, COMMIT, SELECT 1",
		},
		{
			name:  "a transaction that was seen to begin is not taken for one that was not",
			steps: "begin\nINSERT INTO t\nread-only\nCOMMIT\ncommit",
			asked: "begin, INSERT INTO t, COMMIT, commit",
		},
		{
			name:  "observe mode does not interfere",
			steps: "SELECT 1\nobserve\nBEGIN\nINSERT INTO t\nCREATE TABLE u\nCOMMIT\nINSERT INTO t\nbegin\ncommit",
			asked: "SELECT 1, BEGIN, INSERT INTO t, CREATE TABLE u, COMMIT, INSERT INTO t, begin, commit",
		},
		{
			name:  "a transaction that comes back from the pool is one that was begun unseen",
			steps: "observe\nBEGIN\nINSERT INTO t\nreturn\nread-only\nCOMMIT !",
			asked: "BEGIN, INSERT INTO t, ROLLBACK",
		},
		{
			name:  "what commits in passing is refused where a transaction may have been begun unseen",
			steps: "BEGIN\nread-only\nINSERT INTO t !\noff\nCREATE TABLE u !\nCOMMIT !\nCREATE TABLE u",
			asked: "BEGIN, ROLLBACK, CREATE TABLE u",
		},
		{
			name:  "a savepoint in a transaction begun unseen may be released with its commit",
			steps: "BEGIN\nread-only\nSAVEPOINT s\nRELEASE s !\nCOMMIT !",
			asked: "BEGIN, SAVEPOINT s, ROLLBACK",
		},
		{
			name:  "a savepoint that was released is not open any more",
			steps: "read-only\nSAVEPOINT s\nRELEASE s\nINSERT INTO t !\nSAVEPOINT s\nRELEASE s",
			asked: "SAVEPOINT s, RELEASE s, SAVEPOINT s, RELEASE s",
		},
		{
			name:  "what was committed in passing is not open any more",
			steps: "observe\nBEGIN\nCREATE TABLE u\nread-only\nINSERT INTO t !\nCOMMIT",
			asked: "BEGIN, CREATE TABLE u, COMMIT",
		},
		{
			name:  "what was committed is not open any more",
			steps: "begin\nINSERT INTO t\ncommit\nread-only\nINSERT INTO t !\nCOMMIT",
			asked: "begin, INSERT INTO t, commit, COMMIT",
		},
		{
			name:   "a write that was let through may have begun a transaction",
			policy: sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"audit"}, Action: sqlguard.Allow}}},
			steps:  "read-only\nINSERT INTO audit\nINSERT INTO t !\noff\nCOMMIT !",
			asked:  "INSERT INTO audit, ROLLBACK",
		},
		{
			name:  "a transaction with a refusal in it is not kept for a second phase",
			steps: "BEGIN\nINSERT INTO t\nread-only\nINSERT INTO t !\noff\nXA END !\nCOMMIT !",
			asked: "BEGIN, INSERT INTO t, ROLLBACK",
		},
		{
			name:  "of a query for several statements, nobody knows which have run",
			steps: "observe\nBEGIN\nINSERT INTO t\nquery: SELECT 1; ROLLBACK\nread-only\nINSERT INTO t !\noff\nCOMMIT !",
			asked: "BEGIN, INSERT INTO t, SELECT 1; ROLLBACK, ROLLBACK",
		},
		{
			name:  "queries for transaction control are followed too",
			steps: "read-only\nquery: BEGIN\nINSERT INTO t !\nquery: COMMIT !\nquery: BEGIN\nquery: COMMIT\nBEGIN",
			asked: "BEGIN, ROLLBACK, BEGIN, COMMIT, BEGIN",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{}
			g := newGuard(t, test.policy)
			db := open(t, f, g)
			s := &script{t: t, guard: g, db: db, conn: pin(t, db)}
			s.run(test.steps)
			if got := calls(f); got != test.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, test.asked)
			}
			if s.conn.Close(); f.connections() != 1 {
				t.Errorf("%d connections were opened, want 1", f.connections())
			}
			if s.tx != nil {
				s.tx.Rollback()
			}
			db.Close()
			nothingOpen(t, g)
		})
	}
}

func TestTheErrorOfACommitNamesTheFirstRefusal(t *testing.T) {
	f, g := &fake{}, newGuard(t, nothing)
	tx, err := open(t, f, g).Begin()
	if err != nil {
		t.Fatal(err)
	}
	set(t, g, sqlguard.ReadOnly)
	first := mustRefuse(t, tx, "INSERT INTO t")
	mustRefuse(t, tx, "CREATE TABLE u")
	set(t, g, sqlguard.Off)
	late := mustRefuse(t, tx, "INSERT INTO u")
	if late.Op != sqlguard.OpInsert || len(late.Tables) != 1 || late.Tables[0].Name != "u" || !strings.Contains(late.Why, "it can only be rolled back") {
		t.Errorf("a later write is refused with %+v", late)
	}
	commit := refused(t, "commit", tx.Commit())
	want := sqlguard.BlockedError{
		Mode: sqlguard.ReadOnly, Epoch: first.Epoch, Dialect: "keywords", Class: sqlguard.Write, Op: "COMMIT", Tables: first.Tables,
		Why: "an earlier INSERT in this transaction was refused, so all of it was rolled back",
	}
	if !reflect.DeepEqual(*commit, want) {
		t.Errorf("the commit is refused with %+v\nwant %+v", *commit, want)
	}
}
