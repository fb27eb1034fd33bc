//go:build cgo

package postgres

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// differs returns what is wrong if the fast path answers, and says something else
// than the parser's tree. What does not parse is no SQL, and no server runs it.
func differs(sql string) string {
	var fast sqlguard.Verdict
	if !fastPath(sql, &fast) {
		return ""
	}
	if err := lex.Check(lex.Postgres, sql, lex.Options{}); err != nil {
		return "is answered, though the gate refuses it: " + err.Error()
	}
	if !isSQL(sql) {
		return ""
	}
	parsed := judge(sql)
	switch {
	case fast.Class != parsed.Class || fast.Op != parsed.Op:
		return "is " + fast.Class.String() + " " + string(fast.Op) + ", with the parser " +
			parsed.Class.String() + " " + string(parsed.Op) + ": " + parsed.Why
	case !slices.Equal(fast.Tables, parsed.Tables) || fast.Complete != parsed.Complete:
		return "writes other tables than the parser finds"
	case parsed.Functions && !fast.Functions:
		return "calls functions, as the parser finds"
	case len(parsed.Calls)+len(parsed.Parts) > 0, fast.Why != parsed.Why, parsed.Tx != fast.Tx, parsed.Commits, parsed.Shadows, parsed.Declares != "":
		return "does more than the fast path says"
	}
	return ""
}

// plain are statements that must not need the parser.
var plain = []string{
	"SELECT 1",
	"select a.\"B\", count(*), t.* from s.t as a where a.id = $1 and b like 'x%' or not c ilike 'y'",
	"SELECT id FROM t WHERE a IN ($1, 'b') AND c BETWEEN 1 AND 2 AND d IS NOT NULL ORDER BY a DESC NULLS LAST LIMIT 10 OFFSET 5;",
	"SELECT CAST(a AS int) AS b, c::text[], d::numeric(10, 2), e::double precision, f::timestamp with time zone FROM t",
	"SELECT date '2020-01-01', interval '1 day', now() AT TIME ZONE 'UTC', x -> 'a' ->> 'b', a || 'c', -1, 1.5e3 FROM t",
	"SELECT sum(a) FILTER (WHERE b > 0) OVER (PARTITION BY (c) ORDER BY (d)), coalesce(max(e), 0) FROM t GROUP BY (a) HAVING count(*) > 1",
	"WITH q AS (SELECT 1 AS n), r AS ((VALUES (2))) SELECT n FROM q LEFT JOIN (r CROSS JOIN q AS z) USING (n) UNION ALL SELECT 3",
	"SELECT CASE WHEN a THEN 'x' ELSE 'y' END, EXISTS (SELECT 1), ARRAY[1, 2], a[1], (b).c, ROW(1, 2), extract(epoch FROM d), trim(both ' ' from e) FROM t",
	"SELECT * FROM t WHERE id = ANY ($1::bigint[]) -- a comment\n /* another */",
	"/* who asks */ SELECT generate_series(1, 10) AS g",
	"SELECT 'it''s', \"a\"\"b\", name, value, date, position FROM t",
	"VALUES (1, 'a'), (2, 'b')",
	"SELECT system_user",
	"SELECT x.a FROM generate_series(1, 2) AS s(a) JOIN (SELECT 1 AS b) x ON x.b = s.a JOIN (VALUES (1, 2)) AS v (c, \"D\") USING (b)",
	"begin", "COMMIT ;", "Rollback -- now", "SAVEPOINT a", "release savepoint \"B\"", "RELEASE a", "ROLLBACK TO a", "rollback to savepoint savepoint;",
	"INSERT INTO users (name, email) VALUES ($1, 'a@b'), (DEFAULT, lower($2)) RETURNING id, now()",
	"INSERT INTO S.\"T\" SELECT a, b FROM u WHERE c = 1",
	"INSERT INTO t DEFAULT VALUES",
	"INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = excluded.a, n = t.n + 1 WHERE t.n < 5",
	"INSERT INTO t (a) VALUES (1) ON CONFLICT ON CONSTRAINT c DO NOTHING",
	"UPDATE users SET seen_at = now(), n = n + 1 WHERE id = $1",
	"UPDATE t SET (a, b) = (1, 2), (c) = (SELECT 3)",
	"INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET (a, b) = (2, 3)",
	"UPDATE ONLY S.t AS x SET a = u.b FROM u WHERE u.id = x.id RETURNING x.a",
	"DELETE FROM sessions WHERE expires_at < now() - interval '1 day'",
	"delete from only t using u where t.id = u.id;",
}

func TestPlainStatementsNeedNoParser(t *testing.T) {
	for _, sql := range plain {
		var v sqlguard.Verdict
		if !fastPath(sql, &v) {
			t.Errorf("left to the parser: %q", sql)
		}
		if !isSQL(sql) {
			t.Errorf("no SQL: %q", sql)
		}
		if wrong := differs(sql); wrong != "" {
			t.Errorf("%s: %q", wrong, sql)
		}
	}
}

// doubtful are statements that look plain, each with something that only the parser
// can tell.
var doubtful = []string{
	"SELECT 1 FETCH FIRST join(1) ROWS ONLY", "SELECT 1 FETCH NEXT like '5' ROWS ONLY", "SELECT * FROM a CROSS JOIN join(1)",
	"SELECT * FROM a JOIN b ON conflict(1)", "INSERT INTO t SELECT * FROM a JOIN b ON conflict(1)",
	"SELECT xmlexists('/a' PASSING join(1))", "SELECT xmlexists('/a' PASSING BY REF like '5')", "SELECT json_value(a, '$' DEFAULT join(1) ON EMPTY)",
	"SELECT * FROM json_to_record('{}') over (a dw)", "SELECT * FROM json_to_record('{}') filter (a dw)",
	"SELECT * FROM json_to_record('{}') over (partition dw)", "SELECT * FROM json_to_record('{}') over (partition by)",
	"SELECT * FROM json_to_record('{}') over (partition by, a dw)", "SELECT * FROM json_to_record('{}') over (partition by[])",
	"SELECT * FROM json_to_record('{}') over (partition by array[3])", "SELECT * FROM json_to_record('{}') over (rows dw)",
	"SELECT f()", "SELECT s.lower('x')", "SELECT \"lower\"('x')", "SELECT nextval('s')", "SELECT a @#@ b", "SELECT a::dw", "SELECT a::s.text",
	"SELECT a::\"int\"", "SELECT dw '5'", "SELECT s.date '5'", "SELECT like '5'", "SELECT zone '5'", "SELECT over(1)", "SELECT by(1)",
	"SELECT join(1)", "SELECT set(1)", "SELECT double(1)", "SELECT a::double", "SELECT lower('x') '5'", "SELECT CAST(a AS dw)",
	"SELECT CAST(a AS s.int)", "SELECT (SELECT CAST(a AS dw))", "SELECT CAST((SELECT 1 AS x) AS dw)",
	"SELECT * FROM json_to_record('{}') AS (a dw)", "SELECT * FROM json_to_record('{}') AS x (a dw)", "SELECT * FROM json_to_record('{}') AS (values dw)",
	"SELECT * FROM json_to_record('{}') AS x (a, b dw)", "SELECT join(1), join(2)", "BEGIN READ WRITE", "COMMIT AND CHAIN", "COMMIT PREPARED 'x'", "ROLLBACK; SELECT 1", "RELEASE SAVEPOINT", "START TRANSACTION", "SELECT 1 + join(1)",
	"SELECT * FROM json_to_record('{}') coalesce (a dw)", "SELECT * FROM json_to_record('{}') AS coalesce (a dw)",
	"SELECT * FROM json_to_record('{}') values (a dw)", "SELECT * FROM json_to_record('{}') between (a dw)", "SELECT * FROM json_to_record('{}') lower (a dw)", "SELECT * FROM json_to_record('{}') int (a dw)",
	"INSERT INTO t SELECT * FROM json_to_record('{}') values (a dw)", "SELECT * FROM ROWS FROM (json_to_record('{}') AS (a dw)) x",
	"SELECT * FROM t FOR UPDATE", "SELECT 1 INTO x", "SELECT 1; SELECT 2", "WITH d AS (DELETE FROM t RETURNING 1) SELECT 1",
	"WITH u AS (UPDATE t SET a = 1 RETURNING 1) SELECT 1", "WITH i AS (INSERT INTO t VALUES (1) RETURNING 1) INSERT INTO u SELECT * FROM i",
	"INSERT INTO t WITH u AS (UPDATE t SET a = 1 RETURNING 1) SELECT 1", "SELECT json_object('a': 1 RETURNING dw)",
	"SELECT U&'d' UESCAPE '!'", "SELECT U&\"f\"(1)", "SELECT E'\\''; DROP TABLE t; --'", "SELECT $$x$$", "SELECT 1 /* /* */ ; DROP TABLE t /* */ */",
	"SELECT 1\x00; DROP TABLE t", "SELECT 1e--'\n; DROP TABLE t --'", "SELECT 'a'\n'b'", "INSERT INTO a.b.c VALUES (1)", "UPDATE t SET a = set(1)", "SELECT set(1)",
	"SELECT (1", "SELECT 1)", "SELECT a.", "SELECT 1::", "SELECT * FROM t TABLESAMPLE lower (1)", "SELECT set_config('a.b', 'c', true)",
	"SELECT pg_advisory_lock(1)", "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", "SELECT treat(a AS dw)", "SELECT a OPERATOR(s.+) b",
	"DELETE FROM t WHERE a = f()", "INSERT INTO t VALUES (nextval('s'))", "UPDATE t SET a = 1; DROP TABLE t",
	"INSERT INTO " + strings.Repeat("x", 64) + " VALUES (1)", "SELECT " + strings.Repeat("(", 30) + "1" + strings.Repeat(")", 30),
	"SELECT 1" + strings.Repeat(" + 1", 500), "SELECT 1" + strings.Repeat(" UNION SELECT 1", 500), "",
}

func TestDoubtfulStatementsAreLeftToTheParser(t *testing.T) {
	for _, sql := range doubtful {
		var v sqlguard.Verdict
		if fastPath(sql, &v) {
			t.Errorf("answered with %v: %q", v.Class, sql)
		}
	}
}

func TestTheFastPathSaysWhatTheParserSays(t *testing.T) {
	sources := slices.Concat(texts(t), plain, doubtful)
	for _, c := range corpus.Load(t, "postgres") {
		sources = append(sources, c.Text())
	}
	for _, sql := range sources {
		if wrong := differs(sql); wrong != "" {
			t.Errorf("%s: %q", wrong, sql)
		}
	}
	rounds := 100_000
	if testing.Short() {
		rounds = 10_000
	}
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	compared := 0
	for range rounds {
		sql := mix(random, sources)
		if wrong := differs(sql); wrong != "" {
			t.Fatalf("%s: %q", wrong, sql)
		}
		var v sqlguard.Verdict
		if fastPath(sql, &v) && isSQL(sql) {
			compared++
		}
	}
	if compared < rounds/100 {
		t.Errorf("only %d of %d texts were answered and parse", compared, rounds)
	}
	t.Logf("%d of %d texts were answered and parse", compared, rounds)
}

// The statements of benchmarks, of ORMs' manuals and of web sites' code. They are
// parted by empty lines.
func TestOrdinaryStatementsSeldomNeedTheParser(t *testing.T) {
	file, err := os.ReadFile("testdata/ordinary.sql")
	if err != nil {
		t.Fatal(err)
	}
	statements := strings.Split(strings.TrimSpace(string(file)), "\n\n")
	fast := 0
	for _, sql := range statements {
		var v sqlguard.Verdict
		if fastPath(sql, &v) {
			fast++
		} else {
			t.Logf("left to the parser: %q", sql)
		}
		if !isSQL(sql) {
			t.Errorf("no SQL: %q", sql)
		}
		if wrong := differs(sql); wrong != "" {
			t.Errorf("%s: %q", wrong, sql)
		}
	}
	if len(statements) < 80 || fast*100 < len(statements)*95 {
		t.Errorf("%d of %d need no parser, want 95 %%", fast, len(statements))
	}
	t.Logf("%d of %d need no parser", fast, len(statements))
}

func FuzzTheFastPathSaysWhatTheParserSays(f *testing.F) {
	for _, sql := range slices.Concat(texts(f), plain, doubtful) {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if wrong := differs(sql); wrong != "" {
			t.Errorf("%s: %q", wrong, sql)
		}
	})
}

func TestTheFastPathAllocatesNothing(t *testing.T) {
	for _, sql := range plain {
		if n := testing.AllocsPerRun(100, func() { Dialect{}.Classify(sql) }); n != 0 {
			t.Errorf("%v allocations: %q", n, sql)
		}
	}
}
