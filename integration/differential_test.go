package integration

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
)

// An opinion counts what the second opinion had to say.
type opinion struct{ texts, parsed, refused, tables int }

// hold compares the verdict on sql with what TiDB makes of it.
func (o *opinion) hold(t *testing.T, p *parser.Parser, sql string) {
	t.Helper()
	o.texts++
	if onlyTiDB(sql) {
		return
	}
	v := mysql.Dialect{}.Classify(sql)
	passes := corpus.Passes(v)
	for _, mode := range modes {
		statements := parse(p, mode, sql)
		if mode == 0 && len(statements) > 0 {
			o.parsed++
			o.compareTables(t, sql, v, statements)
		}
		for _, s := range statements {
			if harmless(p, s) {
				continue
			}
			if mode == 0 {
				o.refused++
			}
			if passes {
				t.Errorf("%+q is %v %s (%s); with sql_mode %d it holds a %T", sql, v.Class, v.Op, v.Why, mode, s)
				return
			}
		}
	}
}

// compareTables compares what a single statement writes. A text that is read in several ways
// has the tables of all, and TiDB changes names that are no UTF-8.
func (o *opinion) compareTables(t *testing.T, sql string, v sqlguard.Verdict, statements []ast.StmtNode) {
	t.Helper()
	if !utf8.ValidString(sql) || !v.Complete || len(statements) != 1 || v.Parts != nil || strings.ContainsAny(sql, "\"\\") || strings.Contains(sql, "/*!") || strings.Contains(sql, "/*M!") {
		return
	}
	w, ok := writes(statements[0])
	if !ok {
		return
	}
	o.tables++
	named := map[string]bool{}
	for _, table := range v.Tables {
		named[table.String()] = true
		if !w.may[table.String()] {
			t.Errorf("%+q is said to write %s; it writes %v", sql, table, keys(w.may))
		}
	}
	for table := range w.must {
		if !named[table] {
			t.Errorf("%+q writes %s; said to be written are %v", sql, table, v.Tables)
		}
	}
}

func keys(set map[string]bool) (list []string) {
	for key := range set {
		list = append(list, key)
	}
	return list
}

func TestTheCorpusAgainstTiDB(t *testing.T) {
	var o opinion
	p := parser.New()
	for _, c := range corpus.Load(t, "mysql", "mysql8", "mariadb") {
		o.hold(t, p, c.Text())
	}
	t.Logf("%+v", o)
	if o.refused < 40 {
		t.Errorf("TiDB refuses only %d statements, which proves little", o.refused)
	}
}

func TestGeneratedStatementsAgainstTiDB(t *testing.T) {
	var o opinion
	p := parser.New()
	g := generator{rand.New(rand.NewPCG(1, 2))}
	for range 30_000 {
		o.hold(t, p, g.statement())
	}
	t.Logf("%+v", o)
	if o.parsed < o.texts/2 || o.tables < o.texts/4 {
		t.Errorf("TiDB parses %d of %d statements, and %d could be compared by their tables, which proves little", o.parsed, o.texts, o.tables)
	}
}

func TestMutatedTextsAgainstTiDB(t *testing.T) {
	var o opinion
	p := parser.New()
	m := corpus.NewMutator(t, lex.MySQL, 1, "/x", "mysql", "mysql8", "mariadb")
	for range 30_000 {
		o.hold(t, p, m.Next())
	}
	t.Logf("%+v", o)
	if o.parsed < o.texts/20 {
		t.Errorf("TiDB parses only %d of %d texts, which proves little", o.parsed, o.texts)
	}
}

func FuzzAgainstTiDB(f *testing.F) {
	for _, c := range corpus.Load(f, "mysql", "mysql8", "mariadb") {
		f.Add(c.Text())
	}
	g := generator{rand.New(rand.NewPCG(1, 2))}
	for range 200 {
		f.Add(g.statement())
	}
	p := parser.New()
	f.Fuzz(func(t *testing.T, sql string) { new(opinion).hold(t, p, sql) })
}
