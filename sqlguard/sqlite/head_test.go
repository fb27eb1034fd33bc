package sqlite_test

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

func TestPlainWritesAreKnownByTheirFirstKeyword(t *testing.T) {
	for text, want := range map[string]sqlguard.Op{
		"INSERT INTO t VALUES (1)": sqlguard.OpInsert, "insert": sqlguard.OpInsert, "REPLACE INTO t VALUES (1)": sqlguard.OpReplace,
		"UpDaTe t SET a = 1": sqlguard.OpUpdate, "DELETE/**/FROM t": sqlguard.OpDelete, "\uFEFF \t\r\n-- a\n/* b */DELETE FROM t": sqlguard.OpDelete,
		"SELECT 1": "", "WITH a AS (SELECT 1) DELETE FROM t": "", "EXPLAIN DELETE FROM t": "", "; DELETE FROM t": "", "": "", "/* DELETE FROM t": "",
		"[delete] FROM t": "", "'delete' FROM t": "", "delete_ FROM t": "", "delet": "", "delete\uFEFF": "", "\x00DELETE FROM t": "",
		"PRAGMA user_version = 1": "", "CREATE TABLE t (a)": "", strings.Repeat(" ", 1<<20) + "DELETE FROM t": "",
		"DELETE" + strings.Repeat("x", 10_000): "", strings.Repeat(" ", 4090) + "DELETE": "",
	} {
		v, ok := sqlite.Dialect{}.ClassifyHead(text)
		if ok != (want != "") || v.Op != want {
			t.Errorf("%.40q is %q by its head, want %q", text, v.Op, want)
		}
		checkHead(t, text)
	}
}

// checkHead holds what the head says against the whole text.
func checkHead(t *testing.T, text string) {
	t.Helper()
	head, ok := sqlite.Dialect{}.ClassifyHead(text)
	if !ok {
		return
	}
	if v := (sqlite.Dialect{}).Classify(text); v.Class < sqlguard.Write {
		t.Errorf("%q is a write by its head, and %v as a whole", text, v.Class)
	}
	if head.Class != sqlguard.Write || head.Complete || head.Tables != nil || head.Why == "" || !head.FoldCase {
		t.Errorf("%q has the verdict %+v by its head", text, head)
	}
}

func TestTheHeadOfAWriteTakesNoTimeAndNoMemory(t *testing.T) {
	head := func(text string) int {
		v, _ := sqlite.Dialect{}.ClassifyHead(text)
		return int(v.Class)
	}
	small := "INSERT INTO t VALUES (1)"
	large := small + strings.Repeat(", (1)", 100_000)
	if n := testing.AllocsPerRun(100, func() { head(large) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if !timed {
		return
	}
	if took := ratio.Measure(20, each([]string{small}, head), each([]string{large}, head)); took[1] > 3*took[0] {
		t.Errorf("the head of a short text takes %.0f ns, that of a long one %.0f ns", took[0], took[1])
	}
}

func FuzzHead(f *testing.F) {
	for _, c := range corpus.Load(f, "sqlite") {
		f.Add(c.Text())
	}
	f.Fuzz(checkHead)
}
