package verify

import (
	"context"
	"database/sql"
	"fmt"
)

// tablesQuery reads the row counters of all tables of the database. Those of the catalog
// tell of DDL, and pg_largeobject of large objects. Left out are temporary tables; the tables
// that all databases share; and where ANALYZE keeps what it found. What vacuum and ANALYZE
// change in pg_class they change in place, which does not count. The
// functions show every table to every role.
const tablesQuery = `SELECT c.oid::text, n.nspname || '.' || c.relname,
	pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid),
	c.relfilenode::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND NOT c.relisshared
AND NOT (n.nspname = 'pg_catalog' AND c.relname IN ('pg_statistic', 'pg_statistic_ext_data'))`

// sequencesQuery reads where the sequences stand. nextval takes a transaction id only once
// in 32 values, when it writes ahead to the log.
const sequencesQuery = `SELECT c.oid::text, n.nspname || '.' || c.relname, quote_ident(n.nspname), quote_ident(current_user),
	has_sequence_privilege(c.oid, 'SELECT') OR has_sequence_privilege(c.oid, 'USAGE'),
	CASE WHEN has_sequence_privilege(c.oid, 'SELECT') OR has_sequence_privilege(c.oid, 'USAGE')
		THEN pg_sequence_last_value(c.oid) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't'`

func (e *postgresEngine) counters(ctx context.Context, tx *sql.Tx) (counters, error) {
	now := counters{objects: map[string]object{}, others: map[string]object{}}
	err := each(ctx, tx, tablesQuery, nil, func(rows *sql.Rows) error {
		var id string
		o := object{changed: "truncated or rewritten"}
		if err := rows.Scan(&id, &o.name, &o.inserted, &o.updated, &o.deleted, &o.state); err != nil {
			return err
		}
		o.leftOut = e.config.LeaveOut.table(o.name)
		now.objects[id] = o
		return nil
	})
	if err != nil {
		return now, fmt.Errorf("reading the counters of the tables: %w", err)
	}
	err = each(ctx, tx, sequencesQuery, nil, func(rows *sql.Rows) error {
		var id, schema, account string
		var readable bool
		var o object
		var value sql.NullInt64
		if err := rows.Scan(&id, &o.name, &schema, &account, &readable, &value); err != nil {
			return err
		}
		o.leftOut = e.config.LeaveOut.table(o.name)
		if !readable && !o.leftOut {
			return &PrivilegeError{Account: account, Needed: "where the sequence " + o.name + " stands",
				Grant: "GRANT SELECT ON ALL SEQUENCES IN SCHEMA " + schema + " TO " + account}
		}
		// One that is cycled or set back moves too. A sequence never used has no value.
		o.state, o.changed = fmt.Sprint(value.Valid, value.Int64), "sequence used or set"
		now.others[id] = o
		return nil
	})
	if err != nil {
		return now, fmt.Errorf("reading the sequences: %w", err)
	}
	return now, nil
}
