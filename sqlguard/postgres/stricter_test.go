//go:build cgo

package postgres

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pganalyze/pg_query_go/v5/parser"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// laxer returns what is wrong if the judge without the parser lets pass what
// the parser does not, or puts it into a lesser class. From Write on, the class is
// told less exactly, but then the verdict is not complete, and no rule can allow it. A text
// that does not parse is none that a server executes.
func laxer(sql string) string {
	if !isSQL(sql) {
		return ""
	}
	parsed, tokens := judge(sql), judgeTokens(sql)
	switch {
	case corpus.Passes(tokens) && !corpus.Passes(parsed):
		return "passes, which it does not with the parser: " + parsed.Class.String() + ", " + parsed.Why
	case tokens.Class < parsed.Class && (tokens.Class < sqlguard.Write || tokens.Complete):
		return "is " + tokens.Class.String() + ", with the parser " + parsed.Class.String() + ", " + parsed.Why
	}
	return ""
}

// isSQL reports whether a server would parse the text. With a number in the place
// of each parameter it must parse too, because pg_query takes a parameter for more
// than the server does: date $1.
func isSQL(sql string) bool {
	if lex.Check(lex.Postgres, sql, lex.Options{}) != nil {
		return false
	}
	numbers := []byte(sql)
	l := lex.New(lex.Postgres, sql, lex.Options{})
	for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		if t.Kind == lex.Param {
			copy(numbers[t.Start:t.End], "1"+strings.Repeat(" ", t.End-t.Start-1))
		}
	}
	_, err := parser.ParseToJSON(string(numbers))
	if err == nil {
		_, err = parser.ParseToJSON(sql)
	}
	return err == nil
}

// texts are statements of all kinds, to be judged and to be mixed.
func texts(tb testing.TB) []string {
	list := []string{
		"SELECT a.update, b AS delete FROM t AS a (x, y) JOIN (VALUES (1)) b USING (x) LEFT JOIN (SELECT 2) c ON true",
		"SELECT left('x', 1), \"left\"('x', 1), row(1), over(1) OVER (PARTITION BY (a) ORDER BY (b)) FROM over GROUP BY GROUPING SETS ((a), ROLLUP (b))",
		"SELECT x::varchar(3), y::timestamp(3) with time zone, CAST(z AS dw), dw '5', s.dw '5', date '2020-01-01', timestamp with time zone '2020-01-01', interval '1' day",
		"SELECT 'a' LIKE 'b', a NOT ILIKE 'b' ESCAPE 'c', now() AT TIME ZONE 'UTC', like '5', escape '5', zone '5', double precision '1', U&'d' UESCAPE '!'",
		"WITH q (a) AS MATERIALIZED (SELECT 1), r AS NOT MATERIALIZED (TABLE t) SELECT materialized(1), NOT materialized(1), by(2), partition by(3) FROM q",
		"SELECT * FROM json_to_record('{}') AS (a dw, b int), f() AS x (a dw), ROWS FROM (g() AS (a dw)) AS y",
		"SELECT * FROM json_to_record('{}') coalesce (a dw), f() AS values (a dw), f() AS numeric (a dw), f() between (a dw), f() lower (a dw), f() AS (values dw), CAST(1 AS numeric(3, 1))",
		"SELECT a OPERATOR(s.+) b, a @#@ b, a != b, f(x => 1, y := 2), t.*, a[1:2], (x).y, $1, U&\"f\\005fw\"(1), \"select\"(1), s.in(1)",
		"SELECT xmltable(1), treat(x AS dw), xmlserialize(content x AS dw), json_object('a': 1 RETURNING dw), join(1), cube(1, 2), filter(1), sets(1), varying(1)",
		"SELECT * FROM t FOR NO KEY UPDATE; SELECT substring('x' for 1); SELECT * FROM t FOR KEY SHARE OF t",
		"SET SESSION work_mem TO '1MB'; SET LOCAL \"transaction_read_only\" = on; SET a.b = c; SET TIME ZONE LOCAL; RESET work_mem; RESET \"search_path\"",
		"BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; START TRANSACTION READ ONLY; ROLLBACK TO SAVEPOINT x; COMMIT AND CHAIN; END; ABORT WORK AND NO CHAIN",
		"SHOW work_mem; SHOW TIME ZONE; LISTEN a; CLOSE ALL; DEALLOCATE PREPARE p; DISCARD TEMP; DISCARD PLANS; DISCARD ALL",
		"EXPLAIN VERBOSE SELECT f(1); EXPLAIN (ANALYZE) SELECT 1; EXPLAIN ANALYZE SELECT 1 INTO x; EXPLAIN WITH d AS (DELETE FROM t) SELECT 1",
		"DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT f(1) FOR UPDATE; FETCH c; MOVE ALL IN c",
		"SELECT set_config('work_mem', 'x', true), set_config('search_path', '', true), set_config(a, 'b', true), pg_advisory_lock(1), pg_advisory_unlock(1), nextval('s')",
		"INSERT INTO t AS u (a) VALUES (DEFAULT) ON CONFLICT (a) WHERE a > 1 DO UPDATE SET a = excluded.a RETURNING set_config('x.y', 'z', true)",
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; CREATE RULE r AS ON DELETE TO t DO ALSO (SELECT 1; DELETE FROM u)",
		"MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED THEN INSERT VALUES (1)",
		"COPY t FROM STDIN; COPY (SELECT 1) TO PROGRAM 'x'; LOCK t; NOTIFY a; DO 'x'; CALL f(); PREPARE p AS SELECT 1; EXECUTE p",
	}
	for _, c := range corpus.Load(tb, "postgres") {
		list = append(list, c.Text())
	}
	return list
}

func TestWithoutTheParserNothingMorePasses(t *testing.T) {
	for _, sql := range texts(t) {
		for _, part := range append(strings.Split(sql, "; "), sql) {
			if wrong := laxer(part); wrong != "" {
				t.Errorf("%s: %q", wrong, part)
			}
		}
	}
}

// Mixed texts are mostly no SQL, but those that are try what nobody thinks of.
func TestWithoutTheParserNothingMorePassesOfMixedTexts(t *testing.T) {
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	const seed = 1
	random := rand.New(rand.NewPCG(seed, seed))
	sources := texts(t)
	parsed := 0
	for range rounds {
		sql := mix(random, sources)
		if wrong := laxer(sql); wrong != "" {
			t.Fatalf("%s: %q", wrong, sql)
		}
		if isSQL(sql) {
			parsed++
		}
	}
	if parsed < rounds/20 {
		t.Errorf("only %d of %d texts parse", parsed, rounds)
	}
}

// mix makes a text by putting tokens of one text in the place of tokens of
// another.
func mix(random *rand.Rand, sources []string) string {
	sql := sources[random.IntN(len(sources))]
	for range 1 + random.IntN(3) {
		start, end := span(random, sql)
		other := sources[random.IntN(len(sources))]
		from, to := span(random, other)
		sql = sql[:start] + " " + other[from:to] + " " + sql[end:]
	}
	return sql
}

// span returns the bounds of some consecutive tokens, mostly few.
func span(random *rand.Rand, sql string) (start, end int) {
	var tokens []lex.Token
	l := lex.New(lex.Postgres, sql, lex.Options{})
	for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		tokens = append(tokens, t)
	}
	if len(tokens) == 0 {
		return 0, len(sql)
	}
	first := random.IntN(len(tokens))
	last := min(first+random.IntN(4), len(tokens)-1)
	return tokens[first].Start, tokens[last].End
}

func FuzzWithoutTheParserNothingMorePasses(f *testing.F) {
	for _, sql := range texts(f) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if wrong := laxer(sql); wrong != "" {
			t.Errorf("%s: %q", wrong, sql)
		}
	})
}

// FuzzClassify looks for a crash, and for a text that hides a statement put
// behind it.
func FuzzClassify(f *testing.F) {
	for _, sql := range texts(f) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		v := Dialect{}.Classify(sql)
		if v.Why == "" || v.Op == "" || v.Class == 0 {
			t.Errorf("an unfilled verdict: %q", sql)
		}
		// What a comment or a quote swallows is no statement to the server either; a
		// line break ends the former, and an unterminated quote is refused.
		for _, last := range []string{";\nDROP TABLE t", "\n;\nDELETE FROM t;"} {
			if v := (Dialect{}).Classify(sql + last); corpus.Passes(v) {
				t.Errorf("passes: %q", sql+last)
			}
		}
	})
}

func FuzzTree(f *testing.F) {
	for _, sql := range texts(f) {
		if tree, err := parser.ParseToJSON(sql); err == nil {
			f.Add(tree)
		}
	}
	f.Fuzz(func(t *testing.T, tree string) { judgeTree(tree) })
}
