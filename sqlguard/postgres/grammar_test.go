//go:build cgo

package postgres

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// gen makes statements by PostgreSQL's grammar, with keywords in every place where a
// name may stand: what mixing known texts seldom hits. Many are no SQL.
type gen struct {
	r       *rand.Rand
	d, left int // how deep it is, and how much it may still make
}

func (g *gen) n(k int) int             { return g.r.IntN(k) }
func (g *gen) pick(a ...string) string { return a[g.n(len(a))] }
func (g *gen) opt(s string) string {
	if g.n(3) == 0 {
		return s
	}
	return ""
}

// names are what the grammar treats in a way of its own somewhere, and some plain ones.
var names = strings.Fields(`a b dw first next passing ref value default join like ilike over filter set sets conflict by zone time at with without partition group order rows range groups
 coalesce int values lower as between cast case end treat for update do returning release savepoint merge only ordinality row date text char bit interval timestamp double precision varying
 like is isnull notnull overlaps similar left right inner cross natural full outer binary verbose freeze collation authorization current_schema tablesample extract position substring overlay trim normalize
 grouping exists nullif greatest least xmlexists xmlelement xmlconcat xmlforest within exclude ties others current preceding following unbounded escape unknown normalized nfc document json object scalar array
 keys unique local minus straight_join rlike glob regexp match mod div xor recursive lateral placing both leading symmetric variadic operator using on to from not and or null true user session_user system_user
 depth breadth search cube rollup nulls last cascade name names no nothing none offset limit fetch distinct all any some atomic begin commit materialized uescape setof columns path error empty absent format encoding
 "like" "a" "over" pg_catalog.text s.lower count max now generate_series json_to_record jsonb nchar real U&"x" \u00e9 _x $ x$1 E x'`)

func (g *gen) name() string {
	if g.n(2) == 0 {
		return g.pick("a", "b", "t", "u", "dw")
	}
	return names[g.n(len(names))]
}
func (g *gen) typ() string {
	return g.pick("int", "text", "dw", "s.int", "numeric(10,2)", "double precision", "timestamp with time zone", "time(3)", "int[]", "by", "varchar(3)", "bit varying(3)", "interval day to second", g.name(), g.name()+"[]", g.name()+" array[3]")
}
func (g *gen) fn() string {
	return g.pick("lower", "count", "now", "coalesce", g.name(), g.name(), g.pick("join", "conflict", "over", "filter", "set", "by", "like"), "json_to_record")
}
func (g *gen) lit() string {
	return g.pick("1", "'5'", "$1", "1.5", "1e3", "null", "true", "''", "'a''b'", "1.", "E'a'", "date '2020-01-01'", g.name()+" '5'", "interval '1' day", "b'1'")
}
func (g *gen) args() string {
	s := []string{}
	for range g.n(3) {
		s = append(s, g.expr())
	}
	return g.opt(g.pick("", "distinct ", "all ", "variadic ")) + strings.Join(s, ", ") + g.opt(" order by "+g.expr()+g.opt(g.pick(" desc", " using <", " using @#@", " nulls first")))
}
func (g *gen) call() string { return g.fn() + g.pick("(", " (", "/**/(") + g.args() + ")" }
func (g *gen) op() string {
	return g.pick("+", "-", "*", "/", "=", "<>", "||", "->", "->>", "@#@", "@>", "~", "%", "<", "!=", "*/**/", "+--x\n", "and", "or", "like", "not like", "ilike", "is distinct from", "at time zone", "similar to", "not similar to", "between symmetric 1 and", "between 1 and", "overlaps", "in", "operator(s.+)", "collate")
}
func (g *gen) expr() string {
	g.d++
	g.left--
	defer func() { g.d-- }()
	if g.left < 0 || g.d > 5 {
		return g.pick(g.name(), g.lit())
	}
	switch g.n(24) {
	case 0, 1, 2:
		return g.name()
	case 3, 4:
		return g.lit()
	case 5, 6:
		return g.call()
	case 7, 8, 9:
		return g.expr() + g.pick(" ", "") + g.op() + g.pick(" ", "") + g.expr()
	case 10:
		return g.expr() + "::" + g.typ()
	case 11:
		return "cast(" + g.expr() + " as " + g.typ() + ")"
	case 12:
		return "(" + g.expr() + ")" + g.opt("."+g.name())
	case 13:
		return "case " + g.opt(g.expr()) + " when " + g.expr() + " then " + g.expr() + g.opt(" else "+g.expr()) + " end"
	case 14:
		return g.pick("", "array", "exists ", "a in ", "a = any ", "a < all ") + "(" + g.sel() + ")"
	case 15:
		return g.call() + g.opt(" within group (order by "+g.expr()+")") + g.opt(" filter (where "+g.expr()+")") + " over " + g.pick(g.name(), g.window())
	case 16:
		return "a[" + g.expr() + g.opt(":"+g.expr()) + "]"
	case 17:
		return "row(" + g.args() + ")"
	case 18:
		return g.expr() + g.pick(" is null", " is not true", " isnull", " is json object", " is document", " is nfc normalized", " escape "+g.expr(), " at local", " not like "+g.expr()+" escape "+g.expr())
	case 19:
		return g.pick("extract(epoch from ", "trim(both from ", "trim(leading "+g.lit()+" from ", "position(a in ", "substring(a from ", "substring(a similar b escape ", "overlay(a placing b from ", "normalize(", "xmlexists('x' passing ", "xmlexists('x' passing by ref ", "collation for (", "xmlelement(name "+g.name()+", ", "xmlforest("+g.expr()+" as a, ", "json_object(a: ", "json_object('a' value ", "json_array(", "xmlpi(name a, ", "grouping(", "nullif(a, ", "json_arrayagg(a order by ", "xmlserialize(content a as ", "xmlroot(a, version ", "treat(a as ", "json_serialize(") + g.expr() + ")"
	case 20:
		return "not " + g.expr()
	case 21:
		return g.pick("-", "+", "~", "@#@", "@") + g.expr()
	case 22:
		return g.name() + "." + g.pick("*", g.name(), g.call())
	}
	return "array[" + g.args() + "]"
}
func (g *gen) bound() string {
	return g.pick("unbounded preceding", "current row", g.expr()+" preceding", g.expr()+" following")
}
func (g *gen) window() string {
	s := "(" + g.opt(g.name()) + g.opt(" partition by "+g.expr()) + g.opt(" order by "+g.expr())
	if g.n(3) == 0 {
		s += " " + g.pick("rows", "range", "groups") + " " + g.pick(g.bound(), "between "+g.bound()+" and "+g.bound()) + g.opt(" exclude "+g.pick("ties", "group", "current row", "no others"))
	}
	return s + ")"
}
func (g *gen) cols(typed bool) string {
	s := []string{}
	for range 1 + g.n(2) {
		c := g.name()
		if typed {
			c += " " + g.typ() + g.opt(" collate \"C\"")
		}
		s = append(s, c)
	}
	return " (" + strings.Join(s, ", ") + ")"
}
func (g *gen) alias() string {
	switch g.n(6) {
	case 0:
		return " as " + g.name()
	case 1:
		return " " + g.name()
	case 2:
		return g.pick(" as ", " ") + g.name() + g.cols(false)
	case 3:
		return g.pick(" as ", " ") + g.name() + g.cols(true)
	case 4:
		return " as" + g.cols(true)
	}
	return ""
}
func (g *gen) from() string {
	g.d++
	g.left--
	defer func() { g.d-- }()
	if g.left < 0 || g.d > 5 {
		return g.name()
	}
	switch g.n(12) {
	case 0, 1:
		return g.opt("only ") + g.name() + g.opt(" *") + g.alias()
	case 2, 3, 4:
		return g.opt("lateral ") + g.pick(g.call(), "json_to_record('{}')") + g.opt(" with ordinality") + g.alias()
	case 5:
		return g.opt("lateral ") + "(" + g.sel() + ")" + g.alias()
	case 6:
		return "rows from (" + g.call() + g.opt(" as"+g.cols(true)) + ")" + g.opt(" with ordinality") + g.alias()
	case 7, 8:
		return g.from() + " " + g.pick("join", "left join", "cross join", "natural join", "inner join", "full outer join") + " " + g.from() + g.pick("", " on "+g.expr(), " using (a)", " using (a) as "+g.name())
	case 9:
		return "(" + g.from() + ")" + g.alias()
	case 10:
		return g.name() + " tablesample " + g.name() + " (1)" + g.opt(" repeatable ("+g.expr()+")")
	}
	return g.from() + ", " + g.from()
}
func (g *gen) with() string {
	if g.n(5) > 0 || g.left < 0 {
		return ""
	}
	return g.opt("with " + g.opt("recursive ") + g.name() + g.opt(g.cols(false)) + " as " + g.opt("not materialized ") + "(" + g.pick(g.sel(), g.sel(), g.dml()) + ")" + g.opt(" search depth first by "+g.name()+" set "+g.name()) + g.opt(" cycle a set "+g.name()+" to "+g.lit()+" default "+g.lit()+" using "+g.name()) + " ")
}
func (g *gen) targets() string {
	s := []string{}
	for range 1 + g.n(2) {
		s = append(s, g.pick("*", g.expr(), g.expr()+" as "+g.name(), g.expr()+" "+g.name()))
	}
	return strings.Join(s, ", ")
}
func (g *gen) group() string {
	return g.pick(g.expr(), "distinct "+g.expr(), "grouping sets ("+g.expr()+", ())", "rollup ("+g.expr()+")", "cube(a, b)", "()")
}
func (g *gen) sel() string {
	g.d++
	g.left--
	defer func() { g.d-- }()
	if g.left < 0 || g.d > 5 {
		return "select 1"
	}
	switch g.n(14) {
	case 0:
		return "table " + g.name()
	case 1:
		return "values (" + g.args() + ")"
	case 2:
		return g.sel() + g.pick(" union ", " union all ", " except ", " intersect distinct ") + g.sel()
	case 3:
		return "(" + g.sel() + ")"
	}
	s := g.with() + "select " + g.opt(g.pick("distinct ", "all ", "distinct on ("+g.expr()+") ")) + g.targets() + g.opt(" into "+g.name())
	if g.n(4) > 0 {
		s += " from " + g.from()
	}
	return s + g.opt(" where "+g.expr()) + g.opt(" group by "+g.group()) + g.opt(" having "+g.expr()) + g.opt(" window "+g.name()+" as "+g.window()) + g.opt(" order by "+g.expr()+g.opt(g.pick(" desc", " using <", " nulls last"))) + g.opt(g.pick(" limit "+g.expr(), " limit all", " fetch first "+g.expr()+" rows only", " fetch next "+g.expr()+" row with ties", " fetch first row only")) + g.opt(" offset "+g.expr()+g.opt(" rows")) + g.opt(g.opt(" for update")+g.opt(" for no key update of a"))
}
func (g *gen) tab() string {
	return g.pick(g.name(), g.name()+"."+g.name(), "\"A b\".t", "\u00c9t\u00c9", g.name()+" . "+g.name(), "a.b.c")
}
func (g *gen) sets() string {
	s := []string{}
	for range 1 + g.n(2) {
		s = append(s, g.pick(g.name()+" = "+g.expr(), g.name()+g.opt("["+g.expr()+"]")+"="+g.pick("default", g.expr()), "("+g.name()+", b) = "+g.pick("row ", "")+"("+g.args()+")", "(a) = ("+g.sel()+")"))
	}
	return strings.Join(s, ", ")
}
func (g *gen) ret() string { return g.opt(" returning " + g.targets()) }
func (g *gen) dml() string {
	g.d++
	g.left--
	defer func() { g.d-- }()
	if g.left < 0 {
		return "delete from t"
	}
	switch g.n(3) {
	case 0:
		s := g.with() + "insert into " + g.tab() + g.opt(" as "+g.name()) + g.opt(g.cols(false)) + g.opt(" overriding user value ") + " " + g.pick("default values", "values ("+g.args()+")", "values (default, "+g.expr()+")", g.sel(), g.sel())
		if g.n(2) == 0 {
			s += " on conflict " + g.pick("", "on constraint "+g.name(), "("+g.expr()+g.opt(" collate "+g.name())+g.opt(" "+g.name())+")"+g.opt(" where "+g.expr())) + " " + g.pick("do nothing", "do update set "+g.sets()+g.opt(" where "+g.expr()))
		}
		return s + g.ret()
	case 1:
		return g.with() + "update " + g.opt("only ") + g.tab() + g.opt(" *") + g.opt(g.pick(" as ", " ")+g.name()) + " set " + g.sets() + g.opt(" from "+g.from()) + g.opt(" where "+g.pick(g.expr(), "current of "+g.name())) + g.ret()
	}
	return g.with() + "delete from " + g.opt("only ") + g.tab() + g.opt(g.pick(" as ", " ")+g.name()) + g.opt(" using "+g.from()) + g.opt(" where "+g.expr()) + g.ret()
}

// statement makes a statement.
func (g *gen) statement() string {
	g.d, g.left = 3-g.n(3), 10+g.n(200)
	if g.n(3) == 0 {
		return g.dml()
	}
	return g.sel()
}

func TestOfGeneratedStatementsNoneIsLessThanTheParserSays(t *testing.T) {
	rounds := 30_000
	if testing.Short() {
		rounds = 3_000
	}
	const seed, longest = 1, 600
	g := &gen{r: rand.New(rand.NewPCG(seed, seed))}
	answered, judged := 0, 0
	for range rounds {
		sql := g.statement()
		if len(sql) > longest {
			continue
		}
		if wrong := differs(sql); wrong != "" {
			t.Errorf("%s: %q", wrong, sql)
		}
		if wrong := laxer(sql); wrong != "" {
			t.Errorf("without the parser %s: %q", wrong, sql)
		}
		var v sqlguard.Verdict
		if !isSQL(sql) {
			continue
		}
		judged++
		if fastPath(sql, &v) {
			answered++
		}
	}
	if judged < rounds/20 || answered < rounds/100 {
		t.Errorf("of %d texts %d are SQL, and %d of these need no parser: too few", rounds, judged, answered)
	}
	t.Logf("of %d texts %d are SQL, and %d of these need no parser", rounds, judged, answered)
}
