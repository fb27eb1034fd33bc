package integration

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/mysql"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver"
)

// modes are the settings under which a text may be read. The judge asks for none of them, so its
// verdict has to hold under each.
var modes = []mysql.SQLMode{0, mysql.ModeANSIQuotes, mysql.ModeNoBackslashEscapes, mysql.ModeANSIQuotes | mysql.ModeNoBackslashEscapes}

// parse returns the statements of sql, nil if TiDB cannot parse it.
func parse(p *parser.Parser, mode mysql.SQLMode, sql string) []ast.StmtNode {
	p.SetSQLMode(mode)
	statements, _, err := p.Parse(sql, "", "")
	if err != nil {
		return nil
	}
	return statements
}

// harmless reports whether TiDB takes the statement for one that read-only mode may let
// through. Kinds of statements that are not listed are not.
func harmless(p *parser.Parser, n ast.StmtNode) bool {
	switch n := n.(type) {
	case *ast.SelectStmt, *ast.SetOprStmt, *ast.ShowStmt, *ast.DoStmt:
		return onlyReads(n)
	case *ast.ExplainStmt:
		return !n.Analyze || harmless(p, n.Stmt)
	case *ast.PrepareStmt:
		for _, inner := range parse(p, 0, n.SQLText) {
			if !harmless(p, inner) {
				return false
			}
		}
		return n.SQLVar == nil
	case *ast.SetStmt:
		for _, v := range n.Variables {
			if v.IsGlobal && v.IsSystem || v.Value != nil && !onlyReads(v.Value) {
				return false
			}
		}
		return true
	case *ast.BeginStmt, *ast.CommitStmt, *ast.RollbackStmt, *ast.SavepointStmt, *ast.ReleaseSavepointStmt, *ast.UseStmt, *ast.UnlockTablesStmt,
		*ast.DeallocateStmt, *ast.ExplainForStmt, *ast.HelpStmt:
		return true
	}
	return false
}

// onlyReads reports whether nothing in the tree locks rows, writes a file, or
// moves a sequence.
func onlyReads(n ast.Node) bool {
	v := &lookout{}
	n.Accept(v)
	return !v.found
}

type lookout struct{ found bool }

func (v *lookout) Enter(n ast.Node) (ast.Node, bool) {
	switch n := n.(type) {
	case *ast.SelectStmt:
		v.found = v.found || n.SelectIntoOpt != nil || n.LockInfo != nil && n.LockInfo.LockType != ast.SelectLockNone
	case *ast.FuncCallExpr:
		v.found = v.found || n.FnName.L == "nextval" || n.FnName.L == "setval"
	}
	return n, v.found
}

func (v *lookout) Leave(n ast.Node) (ast.Node, bool) { return n, true }

// A written is what a statement writes: the tables that it must, and those that
// it may be said to write, by schema.name or name.
type written struct{ must, may map[string]bool }

// writes returns what the statement writes, false if TiDB's tree does not tell.
func writes(n ast.StmtNode) (written, bool) {
	w := written{map[string]bool{}, map[string]bool{}}
	switch n := n.(type) {
	case *ast.InsertStmt:
		return w, w.sources(n.Table, "") && len(w.must) == 1
	case *ast.UpdateStmt:
		return w, w.update(n)
	case *ast.DeleteStmt:
		return w, w.delete(n)
	case *ast.LoadDataStmt:
		w.add(n.Table)
	case *ast.TruncateTableStmt:
		w.add(n.Table)
	case *ast.DropTableStmt:
		w.add(n.Tables...)
	case *ast.AlterTableStmt:
		w.add(n.Table)
		for _, spec := range n.Specs {
			if spec.Tp == ast.AlterTableRenameTable || spec.Tp == ast.AlterTableExchangePartition {
				w.add(spec.NewTable)
			}
		}
	case *ast.CreateIndexStmt:
		w.add(n.Table)
	case *ast.DropIndexStmt:
		w.add(n.Table)
	default:
		return w, false
	}
	return w, true
}

func (w written) add(tables ...*ast.TableName) {
	for _, t := range tables {
		w.must[name(t)], w.may[name(t)] = true, true
	}
}

func name(t *ast.TableName) string {
	if t.Schema.O == "" {
		return t.Name.O
	}
	return t.Schema.O + "." + t.Name.O
}

// A source is a table of a FROM clause and what it is called there.
type source struct {
	alias string // empty for a table without one
	table *ast.TableName
}

// list returns the tables of a FROM clause, without those of its subqueries.
func list(n ast.ResultSetNode) []source {
	switch n := n.(type) {
	case *ast.Join:
		return append(list(n.Left), list(n.Right)...)
	case *ast.TableSource:
		if t, ok := n.Source.(*ast.TableName); ok {
			return []source{{n.AsName.O, t}}
		}
		if join, ok := n.Source.(*ast.Join); ok {
			return list(join)
		}
	case *ast.TableName:
		return []source{{"", n}}
	}
	return nil
}

// sources adds the tables of a FROM clause that are called alias, all if that is
// empty. It reports false if there is none, or several of one name, which servers refuse.
func (w written) sources(refs *ast.TableRefsClause, alias string) bool {
	found := 0
	for _, s := range list(refs.TableRefs) {
		if alias == "" || s.alias == alias || s.alias == "" && s.table.Name.O == alias {
			w.add(s.table)
			found++
		}
	}
	return found == 1 || alias == "" && found > 0
}

// Enter adds the tables that may be said to be written.
func (w written) Enter(n ast.Node) (ast.Node, bool) {
	if t, ok := n.(*ast.TableName); ok {
		w.may[name(t)] = true
	}
	return n, false
}

// Leave goes on.
func (w written) Leave(n ast.Node) (ast.Node, bool) { return n, true }

// update adds the tables whose columns are set. A column that names no table may be
// of any, so then nothing is told. The judge may name any table that the statement
// joins, also in a derived table.
func (w written) update(n *ast.UpdateStmt) bool {
	n.TableRefs.Accept(w)
	sources := list(n.TableRefs.TableRefs)
	if len(sources) == 1 {
		return w.sources(n.TableRefs, "")
	}
	for _, set := range n.List {
		if set.Column.Table.O == "" || set.Column.Schema.O != "" || !w.sources(n.TableRefs, set.Column.Table.O) {
			return false
		}
	}
	return true
}

func (w written) delete(n *ast.DeleteStmt) bool {
	if !n.IsMultiTable {
		return w.sources(n.TableRefs, "")
	}
	for _, t := range n.Tables.Tables {
		if t.Schema.O != "" && w.has(n.TableRefs, t) {
			w.add(t)
		} else if t.Schema.O != "" || !w.sources(n.TableRefs, t.Name.O) {
			return false
		}
	}
	return true
}

// has reports whether the FROM clause has the table under its own name. A server refuses
// a DELETE from another one.
func (w written) has(refs *ast.TableRefsClause, t *ast.TableName) bool {
	for _, s := range list(refs.TableRefs) {
		if s.alias == "" && name(s.table) == name(t) {
			return true
		}
	}
	return false
}

// onlyTiDB reports that the text has a comment that TiDB alone executes.
func onlyTiDB(sql string) bool { return strings.Contains(sql, "/*T!") }
