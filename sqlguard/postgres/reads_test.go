//go:build cgo

package postgres_test

import (
	"testing"

	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// What drivers, tools and applications ask every day must pass. A false refusal is
// an outage of its own.
func TestEverydayReadsPass(t *testing.T) {
	for name, text := range map[string]string{
		"a page of rows":        `SELECT "users".* FROM "users" WHERE "users"."deleted_at" IS NULL AND (lower(email) = lower($1) OR id = ANY($2)) ORDER BY created_at DESC NULLS LAST LIMIT $3 OFFSET $4`,
		"full text":             `SELECT id, ts_rank_cd(doc, q) AS rank, ts_headline('english', body, q) FROM posts, websearch_to_tsquery('english', $1) q WHERE doc @@ q ORDER BY rank DESC`,
		"json":                  `SELECT data->'a'->>'b', data #>> '{a,b}', jsonb_agg(jsonb_build_object('id', id) ORDER BY id) FILTER (WHERE data @> '{"a":1}'), jsonb_path_query_first(data, '$.a') FROM t GROUP BY 1, 2, data`,
		"window functions":      `SELECT rank() OVER w, lag(a, 1) OVER w, sum(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t WINDOW w AS (PARTITION BY b)`,
		"dates":                 `SELECT date_trunc('day', now() AT TIME ZONE 'Europe/Berlin'), extract(dow FROM created_at), age(created_at), to_char(created_at, 'YYYY'), make_interval(days => 3), created_at + interval '1 day' FROM t`,
		"strings":               `SELECT concat_ws(' ', a, b), format('%s', a), regexp_replace(a, '\s+', ' ', 'g'), split_part(a, ',', 1), string_agg(DISTINCT a, ','), encode(digest, 'hex'), md5(a), left(a, 3), trim(both from a), overlay(a placing 'x' from 1), a || b FROM t`,
		"arrays and rows":       `SELECT array_agg(a), unnest($1::bigint[]), cardinality(b), b[1:2], ARRAY(SELECT 1), (ROW(1, 2)).f1, generate_subscripts(b, 1), (1, 2) = (a, c) FROM t`,
		"recursion":             `WITH RECURSIVE tree AS (SELECT id, ARRAY[id] AS path FROM n WHERE parent IS NULL UNION ALL SELECT n.id, path || n.id FROM n JOIN tree ON n.parent = tree.id) SEARCH DEPTH FIRST BY id SET o CYCLE id SET c USING p SELECT * FROM tree`,
		"geometry and ranges":   `SELECT point(1,2) <-> p, box(a, b) && c, tstzrange(now(), NULL) @> d, int4range(1, 5) * e FROM t`,
		"grouping":              `SELECT a, grouping(a), count(*), bool_or(b), mode() WITHIN GROUP (ORDER BY c) FROM t GROUP BY ROLLUP (a), CUBE (b) HAVING count(*) > 1`,
		"a keyset page":         `SELECT * FROM t WHERE (created_at, id) < ($1, $2) ORDER BY created_at, id FETCH FIRST 10 ROWS WITH TIES`,
		"numbers":               `SELECT round(a::numeric, 2), width_bucket(a, 1, 10, 5), random() < 0.1, setseed(0.5), greatest(a, b), a % 2, power(a, 2), |/ a, @ a, a ^ 2, a & 1 FROM t`,
		"xml":                   `SELECT xpath('/a/text()', x), xmlelement(name a, xmlattributes(1 AS b), xmlforest(a)), x IS DOCUMENT FROM t`,
		"pgx loading types":     `SELECT t.oid, t.typname, t.typtype::text, COALESCE(t.typelem, 0), typnamespace::regnamespace::text FROM pg_type t LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid WHERE t.typname = ANY($1)`,
		"gorm asking a table":   `SELECT count(*) FROM information_schema.tables WHERE table_schema = CURRENT_SCHEMA() AND table_name = 't' AND table_type = 'BASE TABLE'`,
		"gorm asking columns":   `SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS data_type FROM pg_attribute a JOIN pg_class b ON a.attrelid = b.oid AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = CURRENT_SCHEMA()) WHERE a.attnum > 0 AND b.relname = 't' AND NOT a.attisdropped`,
		"Rails asking columns":  `SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, c.collname, col_description(a.attrelid, a.attnum) AS comment FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_collation c ON a.attcollation = c.oid WHERE a.attrelid = '"t"'::regclass AND a.attnum > 0 ORDER BY a.attnum`,
		"JDBC asking keys":      `SELECT (information_schema._pg_expandarray(i.indkey)).n, i.indkey::int2[] FROM pg_index i`,
		"psql listing tables":   `SELECT n.nspname as "Schema", CASE c.relkind WHEN 'r' THEN 'table' END, pg_catalog.pg_get_userbyid(c.relowner), pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(c.oid)), pg_catalog.obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','') AND n.nspname !~ '^pg_toast' AND pg_catalog.pg_table_is_visible(c.oid) AND c.relname OPERATOR(pg_catalog.~) '^(t)$' COLLATE pg_catalog.default ORDER BY 1,2`,
		"watching":              `SELECT pid, now() - xact_start, pg_blocking_pids(pid), wait_event FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state IN ('active')`,
		"replication":           `SELECT slot_name, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), pg_is_in_recovery(), pg_last_wal_replay_lsn() FROM pg_replication_slots`,
		"sizes":                 `SELECT relname, pg_size_pretty(pg_total_relation_size(relid)), pg_relation_size(relid), pg_database_size(current_database()) FROM pg_stat_user_tables`,
		"rights":                `SELECT has_table_privilege(current_user, 't', 'SELECT'), pg_has_role('a', 'MEMBER'), session_user, current_role, version(), current_setting('server_version_num')::int, inet_server_addr(), to_regclass('t') IS NULL`,
		"a dump":                `COPY public.t (id, a) TO stdout;`,
		"a pooler's check":      `/* ping */ SELECT 1;`,
		"new in 16 to 18":       `SELECT any_value(a), uuidv7(), json_value(j, '$.a'), casefold(b), array_sort(c), random_normal(), to_bin(5), crc32('x'), system_user FROM t`,
		"SQL/JSON constructors": `SELECT json_object('a' VALUE 1 ABSENT ON NULL), json_array(1, 2), json_objectagg(a: b), json_arrayagg(a ORDER BY b), j IS JSON OBJECT WITH UNIQUE KEYS FROM t`,
	} {
		if v := (postgres.Dialect{}).Classify(text); v.Class != read {
			t.Errorf("%s: %v, %s %q", name, v.Class, v.Why, v.Calls)
		}
	}
}
