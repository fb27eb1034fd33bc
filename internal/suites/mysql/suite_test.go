package mysql

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/suites"
	"github.com/quiescehq/quiesce/internal/testdb"
)

// TestMariaDB and TestMySQL replay a regression suite on a server that is asked
// first, statement by statement, whether it would run it in read-only mode. They take minutes,
// and a server that nothing else uses: the suites create and drop databases and accounts.
//
// QUIESCE_SUITES_MARIADB and QUIESCE_SUITES_MYSQL are the folders of the suites
// (mysql-test), QUIESCE_SUITES_MARIADB_DSN and QUIESCE_SUITES_MYSQL_DSN the servers; without a DSN
// a throwaway MariaDB is started. QUIESCE_SUITES_DETAILS is a file for all that speaks
// against the dialect.
func TestMariaDB(t *testing.T) {
	root := suiteFolder(t, "QUIESCE_SUITES_MARIADB")
	dsn := os.Getenv("QUIESCE_SUITES_MARIADB_DSN")
	if dsn == "" {
		dsn = testdb.MariaDB(t).DSN("")
	}
	holdMySQL(t, root, dsn, "MARIADB")
}

func TestMySQL(t *testing.T) {
	root := suiteFolder(t, "QUIESCE_SUITES_MYSQL")
	dsn := os.Getenv("QUIESCE_SUITES_MYSQL_DSN")
	if dsn == "" {
		t.Skip("QUIESCE_SUITES_MYSQL_DSN names no throwaway MySQL server")
	}
	holdMySQL(t, root, dsn, "MYSQL")
}

func suiteFolder(t *testing.T, variable string) string {
	t.Helper()
	root := os.Getenv(variable)
	if root == "" {
		t.Skip(variable + " names no folder with the engine's regression suite")
	}
	return root
}

// minStatements is how many statements of a suite must have been asked for, so that
// a suite that is not found or not understood does not pass.
const minStatements = 20000

// maxStatements ends a run, unless QUIESCE_SUITES_STATEMENTS says another number. It
// holds the suites' main tests and more.
const maxStatements = 100000

func statementLimit() int {
	if n, err := strconv.Atoi(os.Getenv("QUIESCE_SUITES_STATEMENTS")); err == nil {
		return n
	}
	return maxStatements
}

func holdMySQL(t *testing.T, root, dsn, name string) {
	r := newReplay(t, dsn)
	defer r.report(t, name)
	limit := statementLimit()
	for _, path := range mysqlFiles(t, root) {
		if r.tally.Statements >= limit {
			break
		}
		texts, err := mysqlTexts(root, path)
		if err != nil {
			t.Fatal(err)
		}
		r.file(t, texts)
	}
}

// report logs what was found, and fails the test where it is more than is allowed.
func (r *replay) report(t *testing.T, name string) {
	t.Log(r.tally.String())
	t.Log("errors of those that failed: ", r.errors)
	if path := os.Getenv("QUIESCE_SUITES_DETAILS"); path != "" {
		out, err := os.Create(path + "." + strings.ToLower(name))
		if err != nil {
			t.Error(err)
			return
		}
		defer out.Close()
		if err := r.tally.Details(out); err != nil {
			t.Error(err)
		}
	}
	for _, s := range r.tally.Lax {
		t.Errorf("%s: the server refuses what is called %v: %.300s", s.Source, s.Verdict.Class, s.SQL)
	}
	if r.tally.Statements < minStatements {
		t.Errorf("only %d statements", r.tally.Statements)
	}
	r.strict(t)
	if got := r.tally.UnprovenShare(); got > suites.MaxUnproven {
		t.Errorf("%.2f %% of what the server runs is called Unproven", 100*got)
	}
}

// maxUnseen bounds the share of statements that run something which they do not show.
// They have to be called Write, and the suites hold many more of them than applications send.
const maxUnseen = 0.04

// strict fails the test if too much of what the server runs is called Write.
func (r *replay) strict(t *testing.T) {
	hidden := 0
	for _, s := range r.tally.Strict {
		if unseen(s) {
			hidden++
		}
	}
	ran := float64(max(r.tally.Ran-r.tally.Aside, 1))
	seen := float64(len(r.tally.Strict)-hidden) / ran
	t.Logf("of what is called Write, %d run what the text does not show (%.2f %%), %.2f %% are others",
		hidden, 100*float64(hidden)/ran, 100*seen)
	if seen > suites.MaxWrites || float64(hidden)/ran > maxUnseen {
		t.Errorf("%.2f %% of what the server runs is called Write", 100*r.tally.WriteShare())
	}
}
