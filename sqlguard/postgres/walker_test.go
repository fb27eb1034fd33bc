package postgres

import (
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// oneStatement wraps a statement's node as the tree of a text.
func oneStatement(node string) string {
	return `{"version":160001,"stmts":[{"stmt":` + node + `}]}`
}

func selecting(expression string) string {
	return oneStatement(`{"SelectStmt":{"targetList":[{"ResTarget":{"val":` + expression + `}}],"op":"SETOP_NONE"}}`)
}

func TestAnUnknownNodeMakesAWrite(t *testing.T) {
	for name, tree := range map[string]string{
		"a node of a later grammar":             selecting(`{"JsonFuncExpr":{"op":"JSON_VALUE_OP"}}`),
		"one inside of a known node":            selecting(`{"BoolExpr":{"args":[{"Surprise":{}}]}}`),
		"one in a field that is not known":      oneStatement(`{"SelectStmt":{"newClause":{"Surprise":{}}}}`),
		"an object without a name in a field":   selecting(`{"BoolExpr":{"news":{"relname":"t"}}}`),
		"a statement that is no statement":      oneStatement(`{"Surprise":{}}`),
		"a transaction command of another kind": oneStatement(`{"TransactionStmt":{"kind":"TRANS_STMT_SURPRISE"}}`),
		"a name that is no list of strings":     selecting(`{"FuncCall":{"funcname":[{"Integer":{"ival":1}}]}}`),
	} {
		if v := judgeTree(tree); v.Class != sqlguard.Write || v.Op != sqlguard.OpUnknown {
			t.Errorf("%s: %v %v, want write UNKNOWN", name, v.Class, v.Op)
		}
	}
}

func TestAnUnknownStatementChangesDefinitions(t *testing.T) {
	v := judgeTree(oneStatement(`{"CreateSurpriseStmt":{"name":"x"}}`))
	if v.Class != sqlguard.Schema || v.Complete || v.Op != "CREATE SURPRISE" {
		t.Errorf("%v %v, complete %v", v.Class, v.Op, v.Complete)
	}
}

func TestEveryTargetOfDiscardThatIsNotKnownEscapes(t *testing.T) {
	if v := judgeTree(oneStatement(`{"DiscardStmt":{"target":"DISCARD_SURPRISE"}}`)); v.Class != sqlguard.Escape {
		t.Errorf("class %v", v.Class)
	}
}

func TestATreeThatCannotBeReadIsAWrite(t *testing.T) {
	whole := selecting(`{"A_Const":{"ival":{"ival":1},"location":7}}`)
	if v := judgeTree(whole); v.Class != sqlguard.Read {
		t.Fatalf("class %v", v.Class)
	}
	for i := range whole {
		if v := judgeTree(whole[:i]); v.Class != sqlguard.Write {
			t.Errorf("class %v of the first %d bytes", v.Class, i)
		}
	}
	for _, tree := range []string{whole + "}", whole + " ", " " + whole, `{"version" :1}`, "null", "[]"} {
		if v := judgeTree(tree); v.Class != sqlguard.Write {
			t.Errorf("class %v: %s", v.Class, tree)
		}
	}
}

func TestNamesAreDecoded(t *testing.T) {
	for written, want := range map[string]string{
		`a`:                "a",
		`\u003c-\u003e`:    "<->",
		`a\"b\\c\/`:        `a"b\c/`,
		`\b\f\n\r\t\u0001`: "\b\f\n\r\t\x01",
		`é\u003eé`:         "é>é",
		"\xff":             "\xff",
	} {
		r := reader{text: `"` + written + `"`}
		if got := r.str(); got != want || r.failed || r.pos != len(r.text) {
			t.Errorf("%q, want %q, failed %v", got, want, r.failed)
		}
		s := reader{text: `"` + written + `"`}
		if s.skip(); s.failed || s.pos != len(s.text) {
			t.Errorf("skipping %q stops at %d", written, s.pos)
		}
	}
	for _, written := range []string{`"a`, `"\`, `"\"`, `"\x"`, `"\u00"`, `"\u00zz"`, `"\u00e9"`, `"\u1234"`, `a"`, ``} {
		r := reader{text: written}
		if r.str(); !r.failed {
			t.Errorf("%q is read", written)
		}
	}
}

func TestANameWithEscapesIsLookedUpDecoded(t *testing.T) {
	for expression, want := range map[string]sqlguard.Class{
		`{"A_Expr":{"name":[{"String":{"sval":"\u003c="}}]}}`:               sqlguard.Read,
		`{"A_Expr":{"name":[{"String":{"sval":"\u003c@@"}}]}}`:              sqlguard.Unproven,
		`{"FuncCall":{"funcname":[{"String":{"sval":"n\u0065xtval"}}]}}`:    sqlguard.Write,
		`{"FuncCall":{"funcname":[{"String":{"sval":"lower"}}]}}`:           sqlguard.Read,
		`{"FuncCall":{"funcname":[{"String":{"sval":"lower\u003c"}}]}}`:     sqlguard.Unproven,
		`{"A_Const":{"sval":{"sval":"\"},{\"InsertStmt\":{}},{\"a\":\""}}}`: sqlguard.Read,
	} {
		if v := judgeTree(selecting(expression)); v.Class != want {
			t.Errorf("class %v, want %v: %s", v.Class, want, expression)
		}
	}
}

func TestATreeThatNestsTooDeepIsAWrite(t *testing.T) {
	nested := func(n int) string {
		return selecting(strings.Repeat(`{"BoolExpr":{"args":[`, n) + `{"A_Const":{}}` + strings.Repeat("]}}", n))
	}
	if v := judgeTree(nested(1000)); v.Class != sqlguard.Read {
		t.Errorf("class %v of 1,000 levels", v.Class)
	}
	if v := judgeTree(nested(1_000_000)); v.Class != sqlguard.Write {
		t.Errorf("class %v of 1,000,000 levels", v.Class)
	}
}

func TestListsAreSortedAndDoNotContradictEachOther(t *testing.T) {
	lists := map[string][]string{
		"readers": readers[:], "volatileReaders": volatileReaders[:], "newerReaders": newerReaders[:],
		"schemaReaders": schemaReaders[:], "writers": writers[:], "operators": operators[:], "types": types[:],
		"reserved": reserved[:], "typeKeywords": typeKeywords[:], "harmlessSettings": harmlessSettings[:],
	}
	for name, list := range lists {
		for i := 1; i < len(list); i++ {
			if list[i-1] >= list[i] {
				t.Errorf("%s: %q stands before %q", name, list[i-1], list[i])
			}
		}
	}
	for _, writer := range writers {
		for _, name := range []string{"readers", "volatileReaders", "newerReaders"} {
			if slices.Contains(lists[name], writer) {
				t.Errorf("%s is among the writers and the %s", writer, name)
			}
		}
		if effectOf("", writer) != writes || effectOf("any", writer) != writes {
			t.Errorf("%s does not write", writer)
		}
	}
}

func TestHarmlessSettingsHaveNoneThatMatter(t *testing.T) {
	for _, name := range []string{
		"transaction_read_only", "default_transaction_read_only", "standard_conforming_strings", "backslash_quote",
		"client_encoding", "search_path", "session_replication_role", "session_preload_libraries",
		"local_preload_libraries", "dynamic_library_path", "allow_system_table_mods", "zero_damaged_pages",
		"ignore_checksum_failure",
	} {
		if settingOf(name) == harmless || settingOf(strings.ToUpper(name)) == harmless {
			t.Errorf("%s counts as harmless", name)
		}
	}
}
