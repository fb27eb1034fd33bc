//go:build cgo

package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

const (
	read     = sqlguard.Read
	session  = sqlguard.Session
	unproven = sqlguard.Unproven
	lock     = sqlguard.Lock
	write    = sqlguard.Write
	schema   = sqlguard.Schema
	escape   = sqlguard.Escape
)

// TestClass goes through the families of bypasses, and beside each the texts
// that look like it and only read.
func TestClass(t *testing.T) {
	for _, family := range []struct {
		name  string
		texts map[string]sqlguard.Class
	}{
		{"a write hides in a WITH clause", map[string]sqlguard.Class{
			"WITH d AS (DELETE FROM t RETURNING *) SELECT 1":                                 write,
			"SELECT 1 UNION (WITH d AS (UPDATE t SET a=1 RETURNING a) SELECT a FROM d)":      write,
			"SELECT (WITH d AS (SELECT 1) SELECT * FROM d), 2":                               read,
			"WITH a AS (WITH b AS (INSERT INTO t VALUES (1)) SELECT 1) SELECT 1":             write,
			"WITH m AS (MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE) SELECT 1":     write, // a newer grammar's
			"TABLE t UNION ALL TABLE u EXCEPT VALUES (1)":                                    read,
			"VALUES ((WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d))":               write,
			"EXPLAIN ANALYZE WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d":          write,
			"WITH RECURSIVE r(n) AS (VALUES (1) UNION SELECT n+1 FROM r) SELECT n FROM r":    read,
			"SELECT * FROM t WHERE EXISTS (WITH d AS (DELETE FROM t RETURNING 1) TABLE d)":   write,
			"WITH t AS (SELECT 1 AS x) SELECT x FROM t CROSS JOIN LATERAL (SELECT t.x) AS l": read,
		}},
		{"a query makes a table", map[string]sqlguard.Class{
			"SELECT 1 INTO x":                                                         schema,
			"SELECT 1 INTO x UNION SELECT 2":                                          schema,
			"CREATE MATERIALIZED VIEW m AS SELECT 1":                                  schema,
			"EXPLAIN ANALYZE CREATE MATERIALIZED VIEW m AS SELECT 1":                  schema,
			"EXPLAIN CREATE MATERIALIZED VIEW m AS SELECT 1":                          read,
			"EXPLAIN SELECT 1 INTO TEMP x":                                            schema,
			"EXPLAIN CREATE TEMP TABLE x AS SELECT 1":                                 schema,
			"EXPLAIN CREATE TABLE pg_temp.x AS SELECT 1":                              schema,
			"EXPLAIN SELECT 1 INTO x":                                                 read,
			"CREATE TABLE x AS EXECUTE p":                                             schema,
			"CREATE TABLE x AS SELECT set_config('transaction_read_only','off',true)": escape,
		}},
		{"EXPLAIN executes only with ANALYZE, and the last one wins", map[string]sqlguard.Class{
			"EXPLAIN (ANALYZE off) DELETE FROM t":               read,
			"EXPLAIN (ANALYZE 0) DELETE FROM t":                 read,
			"EXPLAIN (ANALYZE FALSE) DELETE FROM t":             read,
			"EXPLAIN (ANALYZE 'off') DELETE FROM t":             read,
			"EXPLAIN (ANALYZE, ANALYZE false) DELETE FROM t":    read,
			"EXPLAIN (ANALYZE false, ANALYZE) DELETE FROM t":    write,
			"EXPLAIN (ANALYZE on) DELETE FROM t":                write,
			"EXPLAIN (ANALYZE 1) DELETE FROM t":                 write,
			"EXPLAIN (ANALYZE yes) DELETE FROM t":               write, // the server refuses the value
			"EXPLAIN (\"ANALYZE\") DELETE FROM t":               write, // the same
			"EXPLAIN (ANALYZE 1.0) DELETE FROM t":               write,
			"EXPLAIN (VERBOSE, ANALYZE true) DELETE FROM t":     write,
			"EXPLAIN ANALYZE VERBOSE SELECT 1":                  read,
			"EXPLAIN ANALYZE SELECT 1 FROM t FOR SHARE":         lock,
			"EXPLAIN SELECT 1 FROM t FOR SHARE":                 read,
			"EXPLAIN SELECT nextval('s')":                       unproven,
			"EXPLAIN INSERT INTO t VALUES (f())":                unproven,
			"EXPLAIN EXECUTE p":                                 unproven,
			"EXPLAIN ANALYZE EXECUTE p":                         write,
			"EXPLAIN ANALYZE DECLARE c CURSOR FOR SELECT f()":   unproven,
			"EXPLAIN SELECT set_config('search_path','x',true)": unproven,
		}},
		{"rows and tables are locked", map[string]sqlguard.Class{
			"SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED":             lock,
			"SELECT * FROM t FOR KEY SHARE":                             lock,
			"SELECT * FROM (SELECT * FROM t FOR UPDATE) q":              lock,
			"SELECT (SELECT a FROM t FOR UPDATE)":                       lock,
			"SELECT * FROM t FOR READ ONLY":                             read,
			"LOCK TABLE t IN ACCESS SHARE MODE":                         lock,
			"SELECT substring('abc' FROM 1 FOR 2)":                      read,
			"SELECT pg_advisory_lock(1) FROM t FOR UPDATE":              lock,
			"DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t FOR UPDATE": lock,
			"PREPARE p AS SELECT * FROM t FOR UPDATE":                   lock,
			"COPY (SELECT * FROM t FOR UPDATE) TO STDOUT":               lock,
		}},
		{"a function that writes is called", map[string]sqlguard.Class{
			"SELECT nextval('s')":                                                                           write,
			"SELECT evil.nextval('s')":                                                                      write,
			"SELECT pg_catalog.setval('s', 1)":                                                              write,
			"SELECT * FROM nextval('s')":                                                                    write,
			"SELECT 1 LIMIT nextval('s')":                                                                   write,
			"SELECT 1 OFFSET (SELECT setval('s', 2))":                                                       write,
			"SELECT count(*) FILTER (WHERE nextval('s')=1) FROM t":                                          write,
			"SELECT sum(1) OVER (ORDER BY nextval('s'))":                                                    write,
			"SELECT 1 FROM t WINDOW w AS (ORDER BY nextval('s'))":                                           write,
			"SELECT 1 FROM t a JOIN t b ON nextval('s')=1":                                                  write,
			"SELECT array_agg(a ORDER BY nextval('s')) FROM t":                                              write,
			"SELECT percentile_cont(nextval('s')) WITHIN GROUP (ORDER BY a) FROM t":                         write,
			"SELECT ARRAY[nextval('s')]":                                                                    write,
			"SELECT (ARRAY[1])[nextval('s')]":                                                               write,
			"SELECT ROW(nextval('s'))":                                                                      write,
			"SELECT CASE nextval('s') WHEN 1 THEN 2 END":                                                    write,
			"SELECT * FROM t TABLESAMPLE system (nextval('s'))":                                             write,
			"SELECT DISTINCT ON (nextval('s')) 1":                                                           write,
			"SELECT 1 GROUP BY GROUPING SETS ((nextval('s')))":                                              write,
			"SELECT xmlelement(name x, nextval('s'))":                                                       write,
			"SELECT json_object('a': nextval('s'))":                                                         write,
			"SELECT json_arrayagg(nextval('s') ORDER BY 1)":                                                 write,
			"SELECT nextval('s') IS JSON":                                                                   write,
			"SELECT coalesce(nullif(greatest(nextval('s'), 1), 2), 3)":                                      write,
			"SELECT * FROM xmltable('/a' PASSING xmlparse(content 'x') COLUMNS a int DEFAULT nextval('s'))": write,
			"SELECT lo_unlink(1)":                                                                           write,
			"SELECT extensions.dblink_exec('', 'DELETE FROM t')":                                            write,
			"SELECT pg_terminate_backend(1)":                                                                write,
			"SELECT \"Nextval\"('s')":                                                                       unproven,
			"SELECT pg_catalog.no_such_function()":                                                          unproven,
			"SELECT currval('s'), lastval()":                                                                read,
			"SELECT nextval FROM t":                                                                         read,
			"SHOW ALL; SELECT nextval('s')":                                                                 write,
		}},
		{"a function is not known", map[string]sqlguard.Class{
			"SELECT f()":                                               unproven,
			"SELECT public.lower('x')":                                 unproven,
			"SELECT \"Lower\"('x')":                                    unproven,
			"SELECT LOWER('x'), pg_catalog.upper('x')":                 read,
			"SELECT * FROM t WHERE a = ANY (SELECT f())":               unproven,
			"SELECT query_to_xml('DELETE FROM t',true,true,'')":        unproven,
			"SELECT ts_rewrite('a'::tsquery, 'SELECT f()')":            unproven,
			"SELECT domain_in('5', 'dw'::regtype, -1)":                 unproven,
			"SELECT pg_input_is_valid('5', 'dw')":                      unproven,
			"SELECT pg_input_is_valid('5', 'public.int4')":             unproven,
			"SELECT pg_input_is_valid('5', 'int4(dw)')":                unproven,
			"SELECT pg_input_is_valid('5', $1)":                        unproven,
			"SELECT pg_input_is_valid(f(), 'int4')":                    unproven,
			"SELECT pg_input_is_valid('5')":                            unproven,
			"SELECT pg_input_is_valid('5', 'numeric(5, 2)[]')":         read,
			"SELECT * FROM pg_input_error_info('5', 'Integer')":        read,
			"SELECT lo_open(1, 262144), loread(lo_open(1, 262144), 1)": read,
			"SELECT lo_open(1, 131072)":                                unproven,
			"SELECT lo_open(1, 393216)":                                unproven,
			"SELECT lo_open(1, x'20000'::int)":                         unproven,
			"SELECT lo_open(1, $1)":                                    unproven,
			"SELECT lo_open(1, 0)":                                     unproven,
			"SELECT lo_open(1, -1)":                                    unproven,
			"SELECT lo_open(1)":                                        unproven,
			"SELECT s.lo_open(1, 262144)":                              unproven,
			"SELECT table_to_xml('v', true, true, '')":                 unproven,
			"SELECT * FROM t TABLESAMPLE s.mine (1)":                   unproven,
			"SELECT information_schema._pg_expandarray(ARRAY[1])":      read,
			"COPY (SELECT f()) TO STDOUT":                              unproven,
			"PREPARE p AS SELECT f()":                                  unproven,
			"SELECT 1; SELECT f()":                                     unproven,
			"COMMIT; SELECT f()":                                       write,
			"SELECT f() FROM t FOR UPDATE":                             lock,
		}},
		{"an operator or a type is not known", map[string]sqlguard.Class{
			"SELECT a <-> b FROM t":                    read,
			"SELECT a <=> b FROM t":                    unproven,
			"SELECT a OPERATOR(pg_catalog.+) 1 FROM t": read,
			"SELECT a OPERATOR(public.+) 1 FROM t":     unproven,
			"SELECT @#@ a FROM t":                      unproven,
			"SELECT a @#@ ALL (SELECT 1) FROM t":       unproven,
			"SELECT 1 ORDER BY 1 USING <":              read,
			"SELECT 1 ORDER BY 1 USING @#@":            unproven,
			"SELECT a != 1, a BETWEEN 1 AND 2, a NOT BETWEEN SYMMETRIC 2 AND 1 FROM t":    read,
			"SELECT a LIKE 'x' ESCAPE 'y', a SIMILAR TO 'x', a ILIKE 'x', a ~ 'x' FROM t": read,
			"SELECT 'x'::my_enum":                                      unproven,
			"SELECT 'x'::s.text":                                       unproven,
			"SELECT CAST('x' AS s.t)":                                  unproven,
			"SELECT dw '5'":                                            unproven,
			"SELECT '{1}'::dw[]":                                       unproven,
			"SELECT ARRAY[]::my_enum[]":                                unproven,
			"SELECT * FROM json_to_record('{}') AS (a dw)":             unproven,
			"SELECT * FROM ROWS FROM (json_to_record('{}') AS (a dw))": unproven,
			"SELECT json_object('a': 1 RETURNING dw)":                  unproven,
			"SELECT * FROM xmltable('/a' PASSING x COLUMNS a dw)":      unproven,
			"SELECT xmlserialize(content x AS dw)":                     unproven,
			"PREPARE p (dw) AS SELECT $1":                              unproven,
			"SELECT '1'::int, '1'::integer[], '1'::pg_catalog.int4, '1'::_int4, 'x'::\"char\", '1'::double precision": read,
			"SELECT 't'::regclass, now()::timestamp(3) with time zone, '1'::numeric(3,1), B'1'::bit(1)":               read,
		}},
		{"a read-only setting is lifted", map[string]sqlguard.Class{
			"BEGIN READ WRITE":                                                   escape,
			"BEGIN READ WRITE, READ ONLY":                                        escape,
			"START TRANSACTION READ ONLY":                                        session,
			"SET TRANSACTION READ ONLY, READ WRITE":                              escape,
			"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE":              escape,
			"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY":               session,
			"SET TRANSACTION SNAPSHOT '1-1'":                                     session,
			"SET transaction_read_only = 0":                                      escape,
			"SET transaction_read_only = on":                                     session,
			"SET transaction_read_only TO DEFAULT":                               escape,
			"SET \"Transaction_Read_Only\" = off":                                escape,
			"SET LOCAL default_transaction_read_only = 'false'":                  escape,
			"SET default_transaction_read_only = true":                           session,
			"RESET transaction_read_only":                                        escape,
			"RESET ALL":                                                          escape,
			"DISCARD ALL":                                                        escape,
			"DISCARD TEMP":                                                       schema,
			"DISCARD SEQUENCES":                                                  session,
			"SELECT set_config('transaction_read_only', 'off', false)":           escape,
			"SELECT pg_catalog.set_config('TRANSACTION_READ_ONLY', 'off', true)": escape,
			"SELECT set_config('transaction_' || 'read_only', 'off', false)":     escape,
			"SELECT set_config($1, 'off', false)":                                escape,
			"SELECT set_config(setting_name => 'transaction_read_only', new_value => 'off', is_local => true)": escape,
			"SELECT set_config(name, 'off', false) FROM pg_settings":                                           escape,
			"SELECT set_config('work_mem', $1, true)":                                                          session,
			"SELECT set_config(VARIADIC ARRAY['a'])":                                                           escape,
			"SELECT set_config()":                                                                              escape,
			"WITH c AS (SELECT set_config('default_transaction_read_only', '0', false)) SELECT 1":              escape,
			"INSERT INTO t SELECT set_config('transaction_read_only', 'off', false)":                           escape,
			"SELECT pg_export_snapshot()":                                                                      escape,
		}},
		{"later texts are read otherwise", map[string]sqlguard.Class{
			"SET standard_conforming_strings = off":           escape,
			"SET standard_conforming_strings = on":            session,
			"SET backslash_quote = on":                        escape,
			"SET client_encoding = 'SJIS'":                    escape,
			"SET NAMES 'GBK'":                                 escape,
			"SET NAMES 'utf-8'":                               session,
			"SET client_encoding TO UTF8":                     session,
			"RESET client_encoding":                           escape,
			"SET client_encoding TO DEFAULT":                  escape,
			"SELECT set_config('client_encoding', $1, false)": escape,
			"SET session_replication_role = replica":          escape,
		}},
		{"a setting is changed", map[string]sqlguard.Class{
			"SET app.user_id = '42'":              session,
			"SET Statement_Timeout = 1000":        session,
			"SET ROLE alice":                      session,
			"RESET ROLE":                          session,
			"SET SESSION AUTHORIZATION DEFAULT":   session,
			"SET search_path TO tenant1, public":  session,
			"SET SCHEMA 'x'":                      session,
			"SET TIME ZONE 'UTC'":                 session,
			"SET CONSTRAINTS ALL DEFERRED":        session,
			"SET allow_system_table_mods = on":    write,
			"SET session_preload_libraries = 'x'": write,
			"SET no_such_setting = 1":             write,
			"SHOW transaction_read_only":          read,
			"ALTER ROLE a SET search_path = b":    schema,
			"ALTER SYSTEM RESET ALL":              schema,
			"CREATE FUNCTION f() RETURNS int LANGUAGE sql SET transaction_read_only = off AS 'SELECT 1'": schema,
		}},
		{"the text does not show what is done", map[string]sqlguard.Class{
			"DO $$ BEGIN DELETE FROM t; END $$":        write,
			"CALL p()":                                 write,
			"EXECUTE p(1)":                             write,
			"PREPARE p AS DELETE FROM t":               write,
			"PREPARE p AS SELECT 1":                    read,
			"DEALLOCATE ALL":                           session,
			"FETCH NEXT FROM c":                        unproven,
			"MOVE 5 IN c":                              unproven,
			"CLOSE c":                                  session,
			"DECLARE c CURSOR FOR SELECT f(); FETCH c": unproven,
			"DECLARE c CURSOR FOR SELECT 1; FETCH c; FETCH ALL c": read,
			"DECLARE c CURSOR FOR SELECT 1; FETCH \"C\"":          unproven,
			"EXPLAIN DECLARE c CURSOR FOR SELECT 1; FETCH c":      unproven,
			"DECLARE c CURSOR FOR SELECT f()":                     unproven,
		}},
		{"the server tells or does something", map[string]sqlguard.Class{
			"NOTIFY a":                        write,
			"LISTEN a":                        session,
			"UNLISTEN a":                      session,
			"CHECKPOINT":                      schema,
			"LOAD 'x'":                        schema,
			"VACUUM":                          schema,
			"ANALYZE t":                       schema,
			"REINDEX DATABASE d":              schema,
			"PREPARE TRANSACTION 'x'":         write,
			"COMMIT PREPARED 'x'":             write,
			"COPY t TO STDOUT":                read,
			"COPY t (a) TO STDOUT CSV HEADER": read,
			"COPY t FROM STDIN":               write,
			"COPY t TO ''":                    write,
			"COPY t TO PROGRAM 'cat'":         write,
			"COPY (DELETE FROM t RETURNING 1) TO STDOUT": write,
			"COPY (SELECT nextval('s')) TO STDOUT":       write,
		}},
		{"definitions and rights change", map[string]sqlguard.Class{
			"GRANT SELECT ON t TO a":                                                           schema,
			"COMMENT ON TABLE t IS 'x'":                                                        schema,
			"REASSIGN OWNED BY a TO b":                                                         schema,
			"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p":                                schema,
			"IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c":                                     schema,
			"ALTER TABLE t ADD CHECK (nextval('s') > 0)":                                       schema,
			"ALTER TABLE t ADD c text DEFAULT set_config('transaction_read_only','off',false)": escape,
			"CREATE RULE r AS ON SELECT TO t DO INSTEAD SELECT 1":                              schema,
			"REFRESH MATERIALIZED VIEW m":                                                      schema,
			"DROP OWNED BY a":                                                                  schema,
		}},
		{"statements are stacked", map[string]sqlguard.Class{
			"":                        read,
			" ; ;; -- nothing":        read,
			"SELECT 1; SELECT 2;":     read,
			"SELECT 1; DROP TABLE t":  schema,
			"BEGIN; SELECT 1; COMMIT": session,
			"INSERT INTO t VALUES (1); BEGIN READ WRITE":      escape,
			"SET search_path = evil; SELECT lower('x')":       write,
			"SET search_path = evil; SELECT 1 = 1":            write,
			"SET search_path = evil; SELECT a FROM t":         session,
			"SET search_path = pg_catalog; SELECT lower('x')": session,
		}},
		{"the text cannot be read with certainty", map[string]sqlguard.Class{
			"SELECT 1\x00":                   write,
			"SELECT 'x":                      write,
			"SELECT /* x":                    write,
			"SELECT $a$ x":                   write,
			"SELEC 1":                        write,
			"\ufeffSELECT 1":                 write,
			"SELECT * FROM t WHERE \xff = 1": read,
		}},
		{"the grammar is newer", map[string]sqlguard.Class{
			"SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a int)) j":                                        unproven,
			"SELECT * FROM JSON_TABLE(f(), '$[*]' COLUMNS (a dw PATH '$')) j":                                 unproven,
			"SELECT JSON_VALUE('1', '$' RETURNING int)":                                                       unproven,
			"SELECT JSON_VALUE('1', '$'), JSON_QUERY('1', '$')":                                               read,
			"SELECT * FROM JSON_TABLE(nextval('s'), '$' COLUMNS (a int)) j":                                   write,
			"SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a int)) j FOR UPDATE":                                write,
			"SELECT * INTO x FROM JSON_TABLE('[]', '$' COLUMNS (a int)) j":                                    write,
			"SELECT * FROM JSON_TABLE(pg_export_snapshot(), '$' COLUMNS (a int)) j":                           write,
			"WITH d AS (DELETE FROM t RETURNING OLD.a) SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a int)) j": write,
			"SELECT 1; SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a int)) j":                                 write,
			"UPDATE t SET a = 1 RETURNING WITH (OLD AS o) o.a":                                                write,
			"EXPLAIN SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a int)) j":                                   unproven,
			"EXPLAIN (COSTS off, VERBOSE) SELECT JSON('1' FORMAT JSON)":                                       unproven,
			"EXPLAIN ANALYZE VERBOSE SELECT JSON('1' FORMAT JSON)":                                            unproven,
			"EXPLAIN (ANALYZE) SELECT JSON('1' FORMAT JSON) INTO x":                                           write,
			"EXPLAIN (ANALYZE) CREATE TABLE x AS SELECT JSON('1' FORMAT JSON)":                                write,
			"EXPLAIN UPDATE t SET a = 1 RETURNING WITH (OLD AS o) o.a":                                        write,
			"EXPLAIN (ANALYZE":  write,
			"SELECT JSON('{}')": read,
			"SELECT frobnicate": read,
		}},
	} {
		t.Run(family.name, func(t *testing.T) {
			for text, want := range family.texts {
				v := postgres.Dialect{}.Classify(text)
				if v.Class != want {
					t.Errorf("class %v (%s), want %v: %q", v.Class, v.Why, want, text)
				}
				check(t, v, text)
			}
		})
	}
}

// check holds for every verdict.
func check(t *testing.T, v sqlguard.Verdict, text string) {
	t.Helper()
	if v.Why == "" || v.Op == "" {
		t.Errorf("a verdict without a reason or an operation: %q", text)
	}
	if len(v.Calls) > 0 && (v.Class == read || v.Class == session) {
		t.Errorf("class %v with calls %v: %q", v.Class, v.Calls, text)
	}
	if len(v.Calls) > 0 && !v.Functions {
		t.Errorf("calls %v, but not any function: %q", v.Calls, text)
	}
	if v.Class >= unproven && corpus.Passes(v) && v.Op != sqlguard.OpAdvisoryLock && v.Op != sqlguard.OpUnlock {
		t.Errorf("class %v passes: %q", v.Class, text)
	}
}

func TestAdvisoryLocksAreToldFromOthers(t *testing.T) {
	for text, want := range map[string]sqlguard.Op{
		"SELECT pg_advisory_lock(1)":                              sqlguard.OpAdvisoryLock,
		"SELECT pg_try_advisory_xact_lock_shared(1, 2)":           sqlguard.OpAdvisoryLock,
		"SELECT pg_advisory_unlock(1), pg_advisory_lock(2)":       sqlguard.OpAdvisoryLock,
		"SELECT pg_advisory_unlock_all()":                         sqlguard.OpUnlock,
		"SELECT pg_advisory_lock(1) FROM t FOR UPDATE":            sqlguard.OpLock,
		"SELECT pg_advisory_lock(id) FROM (TABLE t FOR UPDATE) q": sqlguard.OpLock,
		"LOCK t": sqlguard.OpLock,
	} {
		v := postgres.Dialect{}.Classify(text)
		if v.Class != lock || v.Op != want {
			t.Errorf("%v %v, want lock %v: %q", v.Class, v.Op, want, text)
		}
	}
}

func TestCallsAreNamedInTheOrderOfTheText(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT g(f()), s.h(), \"A b\"()":                   "g, f, s.h, A b",
		"WITH q AS (SELECT a()) SELECT b(), a() FROM q":     "a, b",
		"SELECT 1 @#@ 2, 1 OPERATOR(s.<) 2, x::dw, y::s.dw": "operator @#@, operator s.<, type dw, type s.dw",
		"INSERT INTO t SELECT f() WHERE lower('x') = 'x'":   "f",
		"UPDATE t SET a = f() WHERE b = g() RETURNING h()":  "f, g, h",
		"FETCH c":                             "cursor c",
		"SELECT U&\"\\0066\\005fw\"()":        "f_w",
		"SELECT \"a<b\\\"\">\"()":             "a<b\\\">",
		"CALL p(f())":                         "p, f",
		"ALTER TABLE t ADD c int DEFAULT f()": "f",
	} {
		got := strings.Join(postgres.Dialect{}.Classify(text).Calls, ", ")
		if got != want {
			t.Errorf("calls %s, want %s: %q", got, want, text)
		}
	}
}

func TestFunctionsReportsWhatASearchPathCanReplace(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT a, 1, 'x' FROM t":                  false,
		"SELECT a FROM t JOIN u ON true":           false,
		"SELECT a::int FROM t":                     false,
		"SELECT lower(a) FROM t":                   true,
		"SELECT a FROM t WHERE a = 1":              true,
		"SELECT a FROM t JOIN u USING (a)":         true,
		"SELECT a FROM t NATURAL JOIN u":           true,
		"SELECT a IN (SELECT 1) FROM t":            true,
		"SELECT CASE a WHEN 1 THEN 2 END FROM t":   true,
		"SELECT CASE WHEN true THEN 2 END FROM t":  false,
		"SELECT a::text FROM t":                    true,
		"SELECT a OPERATOR(pg_catalog.=) 1 FROM t": false,
		"BEGIN; SELECT lower(a) FROM t":            true,
	} {
		if got := (postgres.Dialect{}).Classify(text).Functions; got != want {
			t.Errorf("Functions is %v, want %v: %q", got, want, text)
		}
	}
}

func TestShadowsFollowsTheSearchPath(t *testing.T) {
	for text, want := range map[string]bool{
		"SET search_path = tenant1, public":                        true,
		"SET LOCAL search_path = 'evil'":                           true,
		"SET \"SEARCH_PATH\" = evil":                               true,
		"SET SCHEMA 'x'":                                           true,
		"SET search_path = pg_catalog":                             false,
		"SET search_path = ''":                                     false,
		"SET search_path TO DEFAULT":                               false,
		"RESET search_path":                                        false,
		"SELECT set_config('search_path', 'a, b', false)":          true,
		"SELECT set_config('search_path', 'pg_catalog, b', false)": true,
		"SELECT set_config('search_path', $1, false)":              true,
		"SELECT set_config('search_path', '', false)":              false,
		"SET app.search_path = x":                                  false,
	} {
		v := postgres.Dialect{}.Classify(text)
		if v.Shadows != want || v.Class != session {
			t.Errorf("%v, Shadows %v, want session, %v: %q", v.Class, v.Shadows, want, text)
		}
	}
}

func TestTransactionControlIsNamed(t *testing.T) {
	for text, want := range map[string][]sqlguard.Tx{
		"BEGIN": {sqlguard.TxBegin},
		"start transaction isolation level serializable": {sqlguard.TxBegin},
		"COMMIT":                {sqlguard.TxCommit},
		"END WORK":              {sqlguard.TxCommit},
		"ABORT":                 {sqlguard.TxRollback},
		"ROLLBACK AND NO CHAIN": {sqlguard.TxRollback},
		"COMMIT AND CHAIN":      {sqlguard.TxCommit, sqlguard.TxBegin},
		"ROLLBACK AND CHAIN":    {sqlguard.TxRollback, sqlguard.TxBegin},
		"SAVEPOINT a":           {sqlguard.TxSavepoint},
		"RELEASE SAVEPOINT a":   {sqlguard.TxRelease},
		"ROLLBACK TO a":         {sqlguard.TxRollbackTo},
		"SELECT 1":              {sqlguard.TxNone},
		"COMMIT; BEGIN":         {sqlguard.TxCommit, sqlguard.TxBegin},
	} {
		v := postgres.Dialect{}.Classify(text)
		got := []sqlguard.Tx{v.Tx}
		if v.Parts != nil {
			got = nil
			for _, p := range v.Parts {
				got = append(got, p.Tx)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v: %q", got, want, text)
		}
	}
}
