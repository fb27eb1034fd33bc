package sqlguard_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func table(op sqlguard.Op, name string) sqlguard.Table {
	if schema, name, found := strings.Cut(name, "."); found {
		return sqlguard.Table{Schema: schema, Name: name, Op: op}
	}
	return sqlguard.Table{Name: name, Op: op}
}

// writes is the verdict on a statement that does op to these tables.
func writes(op sqlguard.Op, names ...string) sqlguard.Verdict {
	v := sqlguard.Verdict{Class: sqlguard.Write, Op: op, Complete: true, Why: "writes"}
	for _, name := range names {
		v.Tables = append(v.Tables, table(op, name))
	}
	return v
}

func with(v sqlguard.Verdict, edit func(*sqlguard.Verdict)) sqlguard.Verdict {
	edit(&v)
	return v
}

func class(c sqlguard.Class) sqlguard.Verdict {
	return sqlguard.Verdict{Class: c, Op: sqlguard.OpSelect, Complete: true}
}

func unproven(calls ...string) sqlguard.Verdict {
	return sqlguard.Verdict{Class: sqlguard.Unproven, Op: sqlguard.OpSelect, Calls: calls, Functions: true}
}

func texts(parts ...sqlguard.Verdict) sqlguard.Verdict { return sqlguard.Combine(parts) }

// Fail closed, and skip only what is named.
func TestWhatBecomesOfAStatementInReadOnlyMode(t *testing.T) {
	const refuse, drop, pass, ask = sqlguard.Refuse, sqlguard.Drop, sqlguard.Pass, sqlguard.Ask
	rules := func(r ...sqlguard.Rule) sqlguard.Policy { return sqlguard.Policy{Rules: r} }
	skip := func(tables ...string) sqlguard.Policy {
		return rules(sqlguard.Rule{Tables: tables, Action: sqlguard.Skip})
	}
	allow := func(tables ...string) sqlguard.Policy {
		return rules(sqlguard.Rule{Tables: tables, Action: sqlguard.Allow})
	}
	readers := func(names ...string) sqlguard.Policy { return sqlguard.Policy{Readers: names} }
	bypass := sqlguard.WithBypass(context.Background(), "migration")
	noReason := sqlguard.WithBypass(context.Background(), " ")
	bestEffort := sqlguard.WithBestEffort(context.Background())
	incomplete := func(v *sqlguard.Verdict) { v.Complete = false }
	calls := func(v *sqlguard.Verdict) { v.Calls = []string{"f"} }
	folded := func(v *sqlguard.Verdict) { v.FoldCase = true }

	for _, tt := range []struct {
		name    string
		policy  sqlguard.Policy
		ctx     context.Context
		verdict sqlguard.Verdict
		want    sqlguard.Decision
	}{
		{"a read passes", rules(), nil, class(sqlguard.Read), pass},
		{"a session statement passes", rules(), nil, class(sqlguard.Session), pass},
		{"a write is refused", rules(), nil, writes(sqlguard.OpInsert, "t"), refuse},
		{"DDL is refused", rules(), nil, class(sqlguard.Schema), refuse},
		{"an escape is refused", rules(), nil, class(sqlguard.Escape), refuse},
		{"an unproven query is for the engine", rules(), nil, unproven("f"), ask},
		{"a row lock is refused", rules(), nil, with(writes(sqlguard.OpLock, "t"), func(v *sqlguard.Verdict) { v.Class = sqlguard.Lock }), refuse},
		{"the zero verdict is refused", rules(), nil, sqlguard.Verdict{}, refuse},
		{"a verdict that was never given, of a class unknown, is refused", rules(), nil, sqlguard.Verdict{Class: 200}, refuse},
		{"a read with a call that nobody vouches for is refused, whatever its class says", rules(), nil, with(class(sqlguard.Read), calls), refuse},

		{"a named table is skipped", skip("hits"), nil, writes(sqlguard.OpUpdate, "hits"), drop},
		{"another table is not", skip("hits"), nil, writes(sqlguard.OpUpdate, "users"), refuse},
		{"the table in a schema is not the table without", skip("hits"), nil, writes(sqlguard.OpUpdate, "audit.hits"), refuse},
		{"a pattern with a schema wants the schema", skip("public.hits"), nil, writes(sqlguard.OpUpdate, "hits"), refuse},
		{"a pattern with a schema matches it", skip("public.hits"), nil, writes(sqlguard.OpUpdate, "public.hits"), drop},
		{"any schema is any, or none", skip("*.hits"), nil, writes(sqlguard.OpUpdate, "hits"), drop},
		{"any schema is any", skip("*.hits"), nil, writes(sqlguard.OpUpdate, "x.hits"), drop},
		{"a star is any run of characters", skip("view_*_log"), nil, writes(sqlguard.OpInsert, "view_talk_page_log"), drop},
		{"a star does not reach beyond", skip("view_*_log"), nil, writes(sqlguard.OpInsert, "view_log"), refuse},
		{"case matters where the engine says so", skip("Hits"), nil, writes(sqlguard.OpUpdate, "hits"), refuse},
		{"case does not matter in SQLite", skip("Hits"), nil, with(writes(sqlguard.OpUpdate, "hits"), folded), drop},
		{"a rule for rows does not drop the table", skip("hits"), nil, with(writes("DROP TABLE", "hits"), func(v *sqlguard.Verdict) { v.Class = sqlguard.Schema }), refuse},
		{"a rule for rows does not truncate", skip("hits"), nil, with(writes(sqlguard.OpTruncate, "hits"), func(v *sqlguard.Verdict) { v.Class = sqlguard.Schema }), refuse},
		{"an operation that is named counts", rules(sqlguard.Rule{Tables: []string{"hits"}, Ops: []sqlguard.Op{sqlguard.OpTruncate}, Action: sqlguard.Allow}), nil,
			with(writes(sqlguard.OpTruncate, "hits"), func(v *sqlguard.Verdict) { v.Class = sqlguard.Schema }), pass},
		{"other operations then do not", rules(sqlguard.Rule{Tables: []string{"hits"}, Ops: []sqlguard.Op{sqlguard.OpInsert}, Action: sqlguard.Skip}), nil,
			writes(sqlguard.OpDelete, "hits"), refuse},
		{"an allowed write passes", allow("jobs"), nil, writes(sqlguard.OpInsert, "jobs"), pass},
		{"an allowed lock passes", rules(sqlguard.Rule{Tables: []string{"jobs"}, Ops: []sqlguard.Op{sqlguard.OpLock}, Action: sqlguard.Allow}), nil,
			with(writes(sqlguard.OpLock, "jobs"), func(v *sqlguard.Verdict) { v.Class = sqlguard.Lock }), pass},

		{"of several tables the strictest answer counts", skip("a"), nil, writes(sqlguard.OpUpdate, "a", "b"), refuse},
		{"skip is stricter than allow", rules(sqlguard.Rule{Tables: []string{"a"}, Action: sqlguard.Allow}, sqlguard.Rule{Tables: []string{"b"}, Action: sqlguard.Skip}), nil,
			writes(sqlguard.OpUpdate, "a", "b"), drop},
		{"each table has its own operation", rules(sqlguard.Rule{Tables: []string{"a", "b"}, Ops: []sqlguard.Op{sqlguard.OpInsert}, Action: sqlguard.Skip}), nil,
			with(writes(sqlguard.OpInsert, "a"), func(v *sqlguard.Verdict) { v.Tables = append(v.Tables, table(sqlguard.OpDelete, "b")) }), refuse},
		{"an upsert is an update too", rules(sqlguard.Rule{Tables: []string{"a"}, Ops: []sqlguard.Op{sqlguard.OpInsert}, Action: sqlguard.Skip}), nil,
			with(writes(sqlguard.OpInsert, "a"), func(v *sqlguard.Verdict) { v.Tables = append(v.Tables, table(sqlguard.OpUpdate, "a")) }), refuse},
		{"an upsert of a table whose rows may all be skipped is skipped", skip("a"), nil,
			with(writes(sqlguard.OpInsert, "a"), func(v *sqlguard.Verdict) { v.Tables = append(v.Tables, table(sqlguard.OpUpdate, "a")) }), drop},
		{"targets that are not all named match no skip", skip("*.*"), nil, with(writes(sqlguard.OpUpdate, "a"), incomplete), refuse},
		{"nor any allow", allow("*.*"), nil, with(writes(sqlguard.OpUpdate, "a"), incomplete), refuse},
		{"a write without any target matches no skip", skip("*.*"), nil, writes(sqlguard.OpInsert), refuse},
		{"a call that nobody vouches for matches no skip", skip("a"), nil, with(writes(sqlguard.OpInsert, "a"), calls), refuse},
		{"a call that is vouched for does", sqlguard.Policy{Rules: skip("a").Rules, Readers: []string{"f"}}, nil, with(writes(sqlguard.OpInsert, "a"), calls), drop},
		{"what is not understood matches no rule", allow("*.*"), nil, sqlguard.NotUnderstood("a NUL byte"), refuse},

		{"the first rule that matches wins", rules(sqlguard.Rule{Tables: []string{"a"}, Action: sqlguard.Skip}, sqlguard.Rule{Tables: []string{"*"}}), nil,
			writes(sqlguard.OpInsert, "a"), drop},
		{"a reject before it wins over the rest", rules(sqlguard.Rule{Tables: []string{"a"}}, sqlguard.Rule{Tables: []string{"*"}, Action: sqlguard.Allow}), nil,
			writes(sqlguard.OpInsert, "a"), refuse},
		{"a reject without a schema means every schema", rules(sqlguard.Rule{Tables: []string{"a"}}, sqlguard.Rule{Tables: []string{"*.*"}, Action: sqlguard.Allow}), nil,
			writes(sqlguard.OpInsert, "x.A"), refuse},
		{"a reject with a schema means a table without one too", rules(sqlguard.Rule{Tables: []string{"x.a"}}, sqlguard.Rule{Tables: []string{"*.*"}, Action: sqlguard.Allow}), nil,
			writes(sqlguard.OpInsert, "a"), refuse},
		{"a reject of another schema does not", rules(sqlguard.Rule{Tables: []string{"x.a"}}, sqlguard.Rule{Tables: []string{"*.*"}, Action: sqlguard.Allow}), nil,
			writes(sqlguard.OpInsert, "y.a"), pass},

		{"an advisory lock passes", rules(), nil, sqlguard.Verdict{Class: sqlguard.Lock, Op: sqlguard.OpAdvisoryLock}, pass},
		{"unless a rule rejects it", rules(sqlguard.Rule{Ops: []sqlguard.Op{sqlguard.OpAdvisoryLock}}), nil, sqlguard.Verdict{Class: sqlguard.Lock, Op: sqlguard.OpAdvisoryLock}, refuse},
		{"an advisory lock with a call that nobody vouches for is refused", rules(), nil, sqlguard.Verdict{Class: sqlguard.Lock, Op: sqlguard.OpAdvisoryLock, Calls: []string{"f"}}, refuse},
		{"a lock may be released", rules(), nil, sqlguard.Verdict{Class: sqlguard.Lock, Op: sqlguard.OpUnlock}, pass},
		{"a lock without a table is refused", allow("*.*"), nil, sqlguard.Verdict{Class: sqlguard.Lock, Op: sqlguard.OpLock, Complete: true}, refuse},

		{"a query of vouched functions passes", readers("f", "geo.*"), nil, unproven("f", "geo.distance"), pass},
		{"one that nobody vouches for is enough for the engine to be asked", readers("f"), nil, unproven("f", "g"), ask},
		{"a name without schema does not vouch for one with", readers("f"), nil, unproven("evil.f"), ask},
		{"an operator can be vouched for", readers("operator <->"), nil, unproven("operator <->"), pass},
		{"a type can be vouched for", readers("type mood"), nil, unproven("type mood"), pass},
		{"a syntax that is unproven has nothing to vouch for", readers("f"), nil, unproven(), ask},

		{"several reads pass", rules(), nil, texts(class(sqlguard.Read), class(sqlguard.Session)), pass},
		{"one write among them is enough to refuse", rules(), nil, texts(class(sqlguard.Read), writes(sqlguard.OpInsert, "t")), refuse},
		{"statements treated differently are refused", skip("hits"), nil, texts(class(sqlguard.Read), writes(sqlguard.OpInsert, "hits")), refuse},
		{"statements all skipped are skipped", skip("hits"), nil, texts(writes(sqlguard.OpUpdate, "hits"), writes(sqlguard.OpInsert, "hits")), drop},
		{"statements all allowed pass, with reads between", allow("hits"), nil, texts(class(sqlguard.Read), writes(sqlguard.OpInsert, "hits")), pass},
		{"an unproven query beside session statements is refused", rules(), nil, texts(class(sqlguard.Session), unproven("f")), refuse},
		{"a vouched one passes", readers("f"), nil, texts(class(sqlguard.Session), unproven("f")), pass},

		{"a bypass lets a write pass", rules(), bypass, writes(sqlguard.OpInsert, "t"), pass},
		{"a bypass lets DDL pass", rules(), bypass, class(sqlguard.Schema), pass},
		{"a bypass runs what would be skipped", skip("t"), bypass, writes(sqlguard.OpInsert, "t"), pass},
		{"a bypass does not let an escape pass", rules(), bypass, class(sqlguard.Escape), refuse},
		{"nor an escape among others", rules(), bypass, texts(class(sqlguard.Escape), class(sqlguard.Read)), refuse},
		{"a bypass without a reason is none", rules(), noReason, writes(sqlguard.OpInsert, "t"), refuse},
		{"best effort drops a write", rules(), bestEffort, writes(sqlguard.OpUpdate, "users"), drop},
		{"best effort drops no DDL", rules(), bestEffort, with(writes("DROP TABLE", "t"), func(v *sqlguard.Verdict) { v.Class = sqlguard.Schema }), refuse},
		{"best effort drops nothing that is not understood", rules(), bestEffort, sqlguard.NotUnderstood("no statement"), refuse},
		{"best effort drops no unproven query", rules(), bestEffort, unproven("f"), ask},
		{"several unproven queries are refused", rules(), nil, texts(unproven("f"), unproven("g")), refuse},
		{"best effort lets reads pass", rules(), bestEffort, class(sqlguard.Read), pass},
		{"a rule is stronger than best effort", rules(sqlguard.Rule{Tables: []string{"users"}}), bestEffort, writes(sqlguard.OpUpdate, "users"), refuse},
		{"an allow is stronger than best effort", allow("users"), bestEffort, writes(sqlguard.OpUpdate, "users"), pass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, sqlguard.Config{Policy: tt.policy})
			hold(t, g, "test", sqlguard.Change{Mode: sqlguard.ReadOnly})
			if tt.ctx == nil {
				tt.ctx = context.Background()
			}
			got, err := g.Decide(tt.ctx, "test", &tt.verdict)
			if got != tt.want {
				t.Errorf("decision is %d, want %d (0 refuse, 1 drop, 2 pass, 3 ask)", got, tt.want)
			}
			if (err != nil) != (tt.want == refuse) || err != nil && !errors.Is(err, sqlguard.ErrReadOnly) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestMalformedPoliciesAreRefusedAtConstruction(t *testing.T) {
	rule := func(r sqlguard.Rule) sqlguard.Policy {
		return sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"fine"}, Action: sqlguard.Skip}, r}}
	}
	for _, tt := range []struct {
		name   string
		policy sqlguard.Policy
		want   string
	}{
		{"an empty pattern", rule(sqlguard.Rule{Tables: []string{"a", ""}, Action: sqlguard.Skip}), "Policy.Rules[1].Tables[1]"},
		{"a blank pattern", rule(sqlguard.Rule{Tables: []string{" "}}), "Policy.Rules[1].Tables[0]"},
		{"a quoted pattern", rule(sqlguard.Rule{Tables: []string{`"a"`}}), "Policy.Rules[1].Tables[0]"},
		{"two names in one pattern", rule(sqlguard.Rule{Tables: []string{"a, b"}}), "Policy.Rules[1].Tables[0]"},
		{"a pattern with three parts", rule(sqlguard.Rule{Tables: []string{"a.b.c"}}), "Policy.Rules[1].Tables[0]"},
		{"a pattern without a name", rule(sqlguard.Rule{Tables: []string{"a."}}), "Policy.Rules[1].Tables[0]"},
		{"a pattern without a schema before its dot", rule(sqlguard.Rule{Tables: []string{".a"}}), "Policy.Rules[1].Tables[0]"},
		{"a skip without tables", rule(sqlguard.Rule{Action: sqlguard.Skip}), "Policy.Rules[1].Tables"},
		{"an allow without tables", rule(sqlguard.Rule{Action: sqlguard.Allow, Ops: []sqlguard.Op{sqlguard.OpLock}}), "Policy.Rules[1].Tables"},
		{"an action that does not exist", rule(sqlguard.Rule{Tables: []string{"a"}, Action: 7}), "Policy.Rules[1].Action"},
		{"an operation in lower case", rule(sqlguard.Rule{Tables: []string{"a"}, Ops: []sqlguard.Op{"insert"}}), "Policy.Rules[1].Ops[0]"},
		{"an empty operation", rule(sqlguard.Rule{Tables: []string{"a"}, Ops: []sqlguard.Op{""}}), "Policy.Rules[1].Ops[0]"},
		{"an empty reader", sqlguard.Policy{Readers: []string{""}}, "Policy.Readers[0]"},
		{"a reader that is every function", sqlguard.Policy{Readers: []string{"f", "*"}}, "Policy.Readers[1]"},
		{"a reader that is every function of every schema", sqlguard.Policy{Readers: []string{"*.*"}}, "Policy.Readers[0]"},
		{"a reader with arguments", sqlguard.Policy{Readers: []string{"f(int)"}}, "Policy.Readers[0]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sqlguard.New(sqlguard.Config{Policy: tt.policy})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New says %v, want an error that names %s", err, tt.want)
			}
			g := newGuard(t, sqlguard.Config{})
			if err := g.SetPolicy(tt.policy); err == nil {
				t.Error("SetPolicy takes it")
			}
		})
	}
}

func TestOnlyAPolicyWithoutAllowAsksForReadOnlyTransactions(t *testing.T) {
	background := context.Background()
	for _, tt := range []struct {
		name   string
		mode   sqlguard.Mode
		action sqlguard.Action
		ctx    context.Context
		want   bool
	}{
		{"off does not", sqlguard.Off, sqlguard.Skip, background, false},
		{"observe does not", sqlguard.Observe, sqlguard.Skip, background, false},
		{"read-only does", sqlguard.ReadOnly, sqlguard.Skip, background, true},
		{"read-only with an exception does not", sqlguard.ReadOnly, sqlguard.Allow, background, false},
		{"a bypass does not", sqlguard.ReadOnly, sqlguard.Skip, sqlguard.WithBypass(background, "why"), false},
		{"a bypass without a reason does", sqlguard.ReadOnly, sqlguard.Skip, sqlguard.WithBypass(background, ""), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, sqlguard.Config{Policy: sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"t"}, Action: tt.action}}}})
			hold(t, g, "test", sqlguard.Change{Mode: tt.mode})
			if got := g.AsksReadOnly(tt.ctx); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

func TestAReaderVouchesForItsOwnKindOfCallOnly(t *testing.T) {
	for _, test := range []struct {
		reader, call string
		vouched      bool
	}{
		{"operator *", "operator *", true},
		{"operator *", "operator <->", false},
		{"operator ~~*", "operator ~~%", false},
		{"*_ro", "report_ro", true},
		{"*_ro", "cursor report_ro", false},
		{"*d", "type mood", false},
		{"type moo*", "type mood", true},
	} {
		g, err := sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{Readers: []string{test.reader}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
			t.Fatal(err)
		}
		v := sqlguard.Verdict{Class: sqlguard.Unproven, Op: sqlguard.OpSelect, Calls: []string{test.call}}
		decision, _ := g.Decide(t.Context(), "test", &v)
		if (decision == sqlguard.Pass) != test.vouched {
			t.Errorf("the reader %q vouches for %q: %v, want %v", test.reader, test.call, !test.vouched, test.vouched)
		}
	}
}
