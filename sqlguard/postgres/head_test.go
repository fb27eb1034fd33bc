package postgres_test

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

func TestAPlainWriteIsKnownByItsFirstWord(t *testing.T) {
	for text, want := range map[string]sqlguard.Op{
		"INSERT INTO t VALUES (1)":                      sqlguard.OpInsert,
		" -- why\n/* who */ update t set a = 1":         sqlguard.OpUpdate,
		"Delete From t; DROP TABLE u":                   sqlguard.OpDelete,
		"MERGE INTO t USING u ON true":                  sqlguard.OpMerge,
		"INSERT":                                        sqlguard.OpInsert,
		"SELECT 1":                                      "",
		"WITH d AS (DELETE FROM t) SELECT 1":            "",
		"inserts":                                       "",
		"\"insert\" into t":                             "",
		"EXPLAIN INSERT INTO t VALUES (1)":              "",
		"/* /* */ INSERT INTO t VALUES (1) */ SELECT 1": "",
		"/* INSERT INTO t VALUES (1)":                   "",
		"(INSERT INTO t VALUES (1))":                    "",
		"update'x'":                                     "",
		"":                                              "",
	} {
		v, ok := (postgres.Dialect{}).ClassifyHead(text)
		if ok != (want != "") || v.Op != want {
			t.Errorf("%q, %v; want %q: %q", v.Op, ok, want, text)
		}
		if ok && (v.Class != sqlguard.Write || v.Complete || v.Why == "") {
			t.Errorf("%+v: %q", v, text)
		}
	}
}

// Whoever asks for the head alone must not take for a write what is less.
func TestWhatIsAWriteByItsHeadIsOneAsAWhole(t *testing.T) {
	for _, c := range corpus.Load(t, "postgres") {
		for _, text := range []string{c.Text(), "INSERT INTO t VALUES (1);" + c.Text(), "update " + c.Text()} {
			if _, ok := (postgres.Dialect{}).ClassifyHead(text); !ok {
				continue
			}
			if v := (postgres.Dialect{}).Classify(text); v.Class < sqlguard.Write {
				t.Errorf("%v as a whole: %q", v.Class, text)
			}
		}
	}
}

func TestTheHeadAllocatesNothing(t *testing.T) {
	text := "INSERT INTO t VALUES (1)" + strings.Repeat(", (1)", 200_000)
	if n := testing.AllocsPerRun(100, func() { (postgres.Dialect{}).ClassifyHead(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
