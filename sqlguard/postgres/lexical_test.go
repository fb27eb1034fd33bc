package postgres

import (
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// TestTokens holds the judge without a parser, alone, to what it can tell and
// to what it must not be fooled by.
func TestTokens(t *testing.T) {
	const (
		read     = sqlguard.Read
		session  = sqlguard.Session
		unproven = sqlguard.Unproven
		lock     = sqlguard.Lock
		write    = sqlguard.Write
		schema   = sqlguard.Schema
		escape   = sqlguard.Escape
	)
	for text, want := range map[string]sqlguard.Class{
		"SELECT a, lower(b) FROM t WHERE c IN (1, 2) AND d LIKE 'x%' GROUP BY (a) LIMIT (10)":            read,
		"WITH q AS (SELECT 1), r AS NOT MATERIALIZED (SELECT 2) TABLE q":                                 read,
		"(SELECT 1) UNION ALL (VALUES (2))":                                                              read,
		"SELECT sum(a) FILTER (WHERE b) OVER (ORDER BY c), '1'::numeric(3, 1), date '2020-01-01' FROM t": read,
		"SELECT a::double precision, now()::timestamp(3) with time zone, x::\"char\" FROM t":             read,
		"SELECT a.update, 1 AS delete, \"insert\" FROM t a":                                              read,
		"SELECT substring(a for 2), a FROM t FOR READ ONLY":                                              read,
		"EXPLAIN VERBOSE SELECT 1":                                                                       read,
		"SHOW work_mem":                                                                                  read,

		"SELECT f()":                              unproven,
		"SELECT over(1)":                          unproven,
		"SELECT filter(1)":                        unproven,
		"SELECT NOT materialized(1)":              unproven,
		"SELECT by(1)":                            unproven,
		"SELECT sets(1)":                          unproven,
		"SELECT 1 FETCH FIRST like '5' ROWS ONLY": unproven,
		"SELECT xmlexists('/a' PASSING BY REF like '5')":           unproven,
		"SELECT xmlexists('/a' PASSING BY VALUE like '5')":         unproven,
		"SELECT json_value(a, '$' DEFAULT like '5' ON EMPTY)":      unproven,
		"SELECT * FROM json_to_record('{}') over (a dw)":           unproven,
		"SELECT * FROM json_to_record('{}') filter (a dw)":         unproven,
		"SELECT * FROM json_to_record('{}') over (partition by[])": unproven,
		"SELECT join(1)":                        unproven,
		"SELECT double(1)":                      unproven,
		"SELECT s.in(1)":                        unproven,
		"SELECT s.lower('x')":                   unproven,
		"SELECT \"in\"(1)":                      unproven,
		"SELECT a @#@ b":                        unproven,
		"SELECT a OPERATOR(s.+) b":              unproven,
		"SELECT a::dw":                          unproven,
		"SELECT a::s.text":                      unproven,
		"SELECT a::\"int\"":                     unproven,
		"SELECT dw '5'":                         unproven,
		"SELECT s.dw '5'":                       unproven,
		"SELECT lower('x') '5'":                 unproven,
		"SELECT zone '5'":                       unproven,
		"SELECT like '5'":                       unproven,
		"SELECT double '5'":                     unproven,
		"SELECT CAST(a AS dw)":                  unproven,
		"SELECT * FROM t TABLESAMPLE lower (1)": unproven,
		"EXPLAIN SELECT nextval('s')":           unproven,
		"EXPLAIN SELECT pg_advisory_lock(1)":    unproven,
		"FETCH c":                               unproven,
		"DECLARE c CURSOR FOR SELECT f()":       unproven,

		"SELECT pg_advisory_lock(1)":                     lock,
		"SELECT * FROM t FOR NO KEY UPDATE":              lock,
		"LOCK t":                                         lock,
		"DECLARE c CURSOR FOR SELECT * FROM t FOR SHARE": lock,

		"SELECT * FROM json_to_record('{}') AS (a dw)": write,
		"SELECT U&\"f\"()":                               write,
		"SELECT treat(a AS dw)":                          write,
		"SELECT json_object('a': 1 RETURNING dw)":        write,
		"WITH d AS (DELETE FROM t RETURNING 1) SELECT 1": write,
		"WITH d AS (UPDATE t SET a = 1) SELECT 1":        write,
		"SELECT nextval('s')":                            write,
		"SELECT x.nextval('s')":                          write,
		"EXPLAIN (ANALYZE) SELECT 1":                     write,
		"PREPARE p AS SELECT 1":                          write,
		"COMMIT PREPARED 'x'":                            write,
		"COPY t TO STDOUT":                               write,
		"SELEC 1":                                        write,
		"SELECT 'x":                                      write,
		"SELECT 1; SELECT 2; DELETE FROM t":              write,
		"COMMIT; SELECT f()":                             write,
		"SET search_path = x":                            escape,

		"SELECT 1 INTO x":                                            schema,
		"SELECT 1 AS as INTO x":                                      schema,
		"SELECT x.as INTO y FROM x":                                  schema,
		"EXPLAIN ANALYZE SELECT 1 INTO x":                            schema,
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END": schema,
		"DISCARD TEMP":                                               schema,

		"BEGIN": session,
		"BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY": session,
		"COMMIT WORK AND CHAIN":                           session,
		"ROLLBACK TO a":                                   session,
		"SET SESSION work_mem = '1MB'":                    session,
		"SET a.b TO 'c'":                                  session,
		"SET TIME ZONE 'UTC'":                             session,
		"RESET work_mem":                                  session,
		"SELECT set_config('a.b', f, true)":               session,

		"BEGIN READ WRITE": escape,
		"BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE": escape,
		"SET TRANSACTION READ WRITE":                       escape,
		"SET \"transaction_read_only\" = off":              escape,
		"SET U&\"work_mem\" = 1":                           escape,
		"SET NAMES 'UTF8'":                                 escape,
		"RESET ALL":                                        escape,
		"DISCARD ALL":                                      escape,
		"SELECT set_config('transaction_read_only', 'off', true)": escape,
		"SELECT set_config(E'a.b', 'off', true)":                  escape,
		"INSERT INTO t SELECT set_config(a, 'off', true)":         escape,
		"CREATE TABLE t AS SELECT pg_export_snapshot()":           escape,
	} {
		v := judgeTokens(text)
		if v.Class != want {
			t.Errorf("class %v (%s), want %v: %q", v.Class, v.Why, want, text)
		}
		if v.Class >= sqlguard.Lock && v.Class < sqlguard.Escape && v.Complete {
			t.Errorf("complete: %q", text)
		}
	}
}

func TestTokensFollowTransactions(t *testing.T) {
	for text, want := range map[string][]sqlguard.Tx{
		"COMMIT AND CHAIN":       {sqlguard.TxCommit, sqlguard.TxBegin},
		"COMMIT AND NO CHAIN":    {sqlguard.TxCommit},
		"BEGIN; ROLLBACK TO a":   {sqlguard.TxBegin, sqlguard.TxRollbackTo},
		"START TRANSACTION; END": {sqlguard.TxBegin, sqlguard.TxCommit},
	} {
		v := judgeTokens(text)
		parts := v.Parts
		if parts == nil {
			parts = []sqlguard.Verdict{v}
		}
		if len(parts) != len(want) {
			t.Errorf("%d parts, want %d: %q", len(parts), len(want), text)
			continue
		}
		for i, p := range parts {
			if p.Tx != want[i] {
				t.Errorf("part %d is %v, want %v: %q", i, p.Tx, want[i], text)
			}
		}
	}
}
