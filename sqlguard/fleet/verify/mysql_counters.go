package verify

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// markQuery reads the server's totals. The first three count rows that any
// storage engine was given to write, also by transactions that are still open; those of
// internal temporary tables only on MySQL. The others count statements of DDL, to which no
// row belongs.
const markQuery = `SHOW GLOBAL STATUS WHERE Variable_name IN ('Handler_write', 'Handler_update', 'Handler_delete',
	'Com_alter_db', 'Com_alter_table', 'Com_create_db', 'Com_create_index', 'Com_create_table',
	'Com_drop_db', 'Com_drop_index', 'Com_drop_table', 'Com_optimize', 'Com_rename_table', 'Com_repair', 'Com_truncate',
	'Com_alter_sequence', 'Com_create_sequence', 'Com_drop_sequence',
	'Com_create_event', 'Com_create_function', 'Com_create_procedure', 'Com_create_trigger', 'Com_create_view',
	'Com_alter_event', 'Com_alter_function', 'Com_alter_procedure',
	'Com_drop_event', 'Com_drop_function', 'Com_drop_procedure', 'Com_drop_trigger', 'Com_drop_view')`

func (s mysqlServer) counters(ctx context.Context, conn *sql.Conn, out LeaveOut) (now counters, err error) {
	var totals []string
	now.sparse, now.others = true, map[string]object{}
	err = each(ctx, conn, markQuery, nil, func(rows *sql.Rows) error {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		totals = append(totals, name+"="+value)
		if statement, ddl := strings.CutPrefix(name, "Com_"); ddl {
			// No store writes its schema at night, so nothing of it is left out.
			what := "statements " + strings.ToUpper(strings.ReplaceAll(statement, "_", " ")) + " on the whole server"
			now.others[name] = object{name: what, state: value, changed: "were executed"}
		}
		return nil
	})
	if err != nil {
		return now, fmt.Errorf("reading the server's counters: %w", err)
	}
	slices.Sort(totals)
	now.mark = strings.Join(totals, " ")
	instrumented, err := s.instrumented(ctx, conn)
	if err != nil {
		return now, err
	}
	if instrumented {
		now.objects, err = s.handlerWaits(ctx, conn, out)
		return now, err
	}
	now.objects = map[string]object{}
	if s.mariadb {
		if err := s.innodbTables(ctx, conn, now.objects, out); err != nil {
			return now, fmt.Errorf("reading the counters of the tables: %w", err)
		}
	}
	if err := s.listedTables(ctx, conn, now, out); err != nil {
		return now, fmt.Errorf("listing the tables: %w", err)
	}
	return now, nil
}

// instrumented reports whether the performance schema counts the rows of tables: on by default in
// MySQL, off in MariaDB.
func (s mysqlServer) instrumented(ctx context.Context, conn *sql.Conn) (on bool, err error) {
	if err := conn.QueryRowContext(ctx, `SELECT @@performance_schema`).Scan(&on); err != nil || !on {
		return false, err
	}
	const query = `SELECT COUNT(*) = 2 FROM (
		SELECT NAME FROM performance_schema.setup_instruments WHERE NAME = 'wait/io/table/sql/handler' AND ENABLED = 'YES'
		UNION ALL
		SELECT NAME FROM performance_schema.setup_consumers WHERE NAME = 'global_instrumentation' AND ENABLED = 'YES'
	) enabled`
	if err := conn.QueryRowContext(ctx, query).Scan(&on); err != nil {
		return false, s.performanceSchema(err)
	}
	return on, nil
}

func (s mysqlServer) performanceSchema(err error) error {
	return s.privilege(err, "the counters of the tables", "GRANT SELECT ON performance_schema.* TO "+s.account)
}

// handlerWaits reads the rows that each table was given to write, of all storage engines.
func (s mysqlServer) handlerWaits(ctx context.Context, conn *sql.Conn, out LeaveOut) (map[string]object, error) {
	const query = `SELECT OBJECT_SCHEMA, OBJECT_NAME, COUNT_INSERT, COUNT_UPDATE, COUNT_DELETE
		FROM performance_schema.table_io_waits_summary_by_table WHERE OBJECT_TYPE = 'TABLE'`
	objects := map[string]object{}
	err := each(ctx, conn, query, nil, func(rows *sql.Rows) error {
		var database, name string
		var o object
		if err := rows.Scan(&database, &name, &o.inserted, &o.updated, &o.deleted); err != nil {
			return err
		}
		s.add(objects, database, name, o, out)
		return nil
	})
	if err != nil {
		return nil, s.performanceSchema(err)
	}
	return objects, nil
}

// add adds a table of a guarded database. One that the server has not opened is not listed,
// so an object without any count is the same as none.
func (s mysqlServer) add(objects map[string]object, database, name string, o object, out LeaveOut) {
	// Some servers write the names of databases in another case than one asks for them. A
	// name that cannot be read counts as guarded.
	guarded := strings.Contains(database, "@") ||
		slices.ContainsFunc(s.databases, func(d string) bool { return strings.EqualFold(d, database) })
	if !guarded || o == (object{}) {
		return
	}
	full := database + "." + name
	sum := objects[full] // partitions come one by one
	objects[full] = object{name: full, leftOut: out.table(full), inserted: sum.inserted + o.inserted,
		updated: sum.updated + o.updated, deleted: sum.deleted + o.deleted}
}

// innodbTables reads how many rows of each table were modified since its statistics were
// last renewed. It is MariaDB's; MySQL counts in the performance schema unless that is switched off.
func (s mysqlServer) innodbTables(ctx context.Context, conn *sql.Conn, objects map[string]object, out LeaveOut) error {
	const query = `SELECT NAME, MODIFIED_COUNTER FROM information_schema.INNODB_SYS_TABLESTATS`
	return each(ctx, conn, query, nil, func(rows *sql.Rows) error {
		var file string
		var o object
		if err := rows.Scan(&file, &o.updated); err != nil {
			return err
		}
		if database, name, found := strings.Cut(file, "/"); found {
			name, _, _ = strings.Cut(strings.ReplaceAll(name, "#p#", "#P#"), "#P#") // without the partition
			s.add(objects, fileName(database), fileName(name), o, out)
		}
		return nil
	})
}

// listedTables adds when each table was last written to, in whole seconds: that of InnoDB on
// MariaDB is exact, and tells a counter that has come back to what it was from one that
// stood still. A second that is not over may see another write, so it equals none. What other tables tell may be old, so those of an engine are one object that
// has moved whenever any row on the server was written.
func (s mysqlServer) listedTables(ctx context.Context, conn *sql.Conn, now counters, out LeaveOut) error {
	query := `SELECT TABLE_SCHEMA, TABLE_NAME, COALESCE(ENGINE, 'unknown'),
		CASE WHEN UPDATE_TIME IS NULL THEN ''
			WHEN UPDATE_TIME >= NOW() - INTERVAL 1 SECOND THEN CONCAT(UPDATE_TIME, ', seen ', NOW(6))
			ELSE CAST(UPDATE_TIME AS CHAR) END
		FROM information_schema.TABLES WHERE TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW')
		AND TABLE_SCHEMA IN (?` + strings.Repeat(", ?", len(s.databases)-1) + `)`
	var names []any
	for _, database := range s.databases {
		names = append(names, database)
	}
	return each(ctx, conn, query, names, func(rows *sql.Rows) error {
		var database, name, engine, written string
		if err := rows.Scan(&database, &name, &engine, &written); err != nil {
			return err
		}
		full := database + "." + name
		switch {
		case s.mariadb && engine == "InnoDB":
			o := now.objects[full]
			o.name, o.leftOut, o.state, o.changed = full, out.table(full), written, "written"
			now.objects[full] = o
		case !out.table(full):
			now.others["engine "+engine] = object{name: "tables of the engine " + engine, state: now.mark,
				changed: "may have been written: only performance_schema=ON tells their writes from others on the server"}
		}
		return nil
	})
}

var encoded = regexp.MustCompile(`@[0-9a-f]{4}`)

// fileName undoes how the server writes a name into a file's: @ and four hexadecimal digits
// for a character. Rarer encodings, of two letters, stay as they are.
func fileName(file string) string {
	return encoded.ReplaceAllStringFunc(file, func(code string) string {
		r, err := strconv.ParseUint(code[1:], 16, 32)
		if err != nil {
			return code
		}
		return string(rune(r))
	})
}
