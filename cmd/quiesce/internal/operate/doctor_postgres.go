package operate

import (
	"context"
	"database/sql"
	"fmt"
)

// postgresSelf is what the session of this command is.
const postgresSelf = `SELECT current_user, coalesce(host(inet_client_addr()), 'local'), rolsuper,
	pg_has_role(current_user, 'pg_signal_backend', 'USAGE') FROM pg_roles WHERE rolname = current_user`

// postgres looks at what only PostgreSQL has.
func (o *DoctorOut) postgres(ctx context.Context, e examination) (self string, err error) {
	db := e.database.db
	o.checkInterval(ctx, e.database)
	var role string
	var super, signals bool
	if err := db.QueryRowContext(ctx, postgresSelf).Scan(&role, &self, &super, &signals); err != nil {
		return "", err
	}
	strong := map[string]bool{}
	for _, user := range users(e.clients) {
		var is sql.NullBool // whose role was dropped
		if err := db.QueryRowContext(ctx, "SELECT bool_or(rolsuper) FROM pg_roles WHERE rolname = $1", user).Scan(&is); err != nil {
			return self, err
		}
		strong[user] = is.Bool
		if is.Bool {
			o.note(fmt.Sprintf("the role %s, which is connected, is a superuser: no privilege and no read-only setting of the server keeps it from writing, only its guard does", user),
				"give the site a role without that, so that the database can refuse as well")
		}
	}
	if super {
		o.note(fmt.Sprintf("this command connects as %s, a superuser, which is more than it needs", role),
			"a role with pg_read_all_stats and pg_signal_backend is enough, that may execute quiesce.fence_set")
	}
	if !o.fence(ctx, e.mode, e.database) {
		return self, nil
	}
	for _, user := range users(e.clients) {
		if err := o.mayTakePostgres(ctx, e, user); err != nil {
			return self, err
		}
		if strong[user] && !super {
			signals = false
		}
	}
	o.may(e.mode.Fence, super || signals, "this command may end the sessions of processes that have fallen silent with the fence taken",
		"this command may not end the sessions of all roles that are connected: where a process is stopped that has taken the fence, wait --level strict waits for it until its time is over",
		fmt.Sprintf("GRANT pg_signal_backend TO %s; sessions of superusers are ended by superusers alone", role))
	var sets bool
	var name string
	err = db.QueryRowContext(ctx, "SELECT has_function_privilege('quiesce.fence_set(boolean, bigint)', 'EXECUTE') AND has_table_privilege("+fenceView+", 'DELETE'), "+fenceView+"::text").Scan(&sets, &name)
	if err == nil && !sets {
		o.may(e.mode.Fence, false, "", "this command may not close the fence",
			fmt.Sprintf("GRANT EXECUTE ON FUNCTION quiesce.fence_set TO %[1]s; GRANT DELETE ON %[2]s TO %[1]s", role, name))
	}
	return self, err
}

// fenceView is what is locked, whose name says whether the fence is open.
const fenceView = "coalesce(to_regclass('quiesce_open.fence'), to_regclass('quiesce_closed.fence'))"

// mayTakePostgres says whether a role may take the fence. A superuser may do all.
func (o *DoctorOut) mayTakePostgres(ctx context.Context, e examination, role string) error {
	var ok sql.NullBool
	var name sql.NullString
	err := e.database.db.QueryRowContext(ctx, `SELECT has_schema_privilege(oid, coalesce(to_regnamespace('quiesce_open'), to_regnamespace('quiesce_closed')), 'USAGE') AND has_table_privilege(oid, `+fenceView+`, 'UPDATE, DELETE'), split_part(`+fenceView+`::text, '.', 1)
		FROM pg_roles WHERE rolname = $1`, role).Scan(&ok, &name)
	if err != nil && err != sql.ErrNoRows {
		return err
	}
	o.may(e.mode.Fence, ok.Bool, fmt.Sprintf("the role %s may take the fence", role),
		fmt.Sprintf("the role %s may not take the fence: all its writes would fail once the fleet is armed", role),
		fmt.Sprintf("GRANT USAGE ON SCHEMA %[2]s TO %[1]s; GRANT DELETE ON %[2]s.fence TO %[1]s", role, name.String))
	return nil
}

// checkInterval looks whether PostgreSQL notices the end of a client in the middle of a statement.
func (o *DoctorOut) checkInterval(ctx context.Context, database Database) {
	var interval sql.NullString
	err := database.db.QueryRowContext(ctx, "SELECT current_setting('client_connection_check_interval', true)").Scan(&interval)
	if err == nil && interval.String != "0" && interval.String != "" {
		o.add(true, "client_connection_check_interval is "+interval.String, "")
		return
	}
	o.add(false, "client_connection_check_interval is off: a statement goes on after its process was killed, and commits, until the server has something to send to it",
		"ALTER SYSTEM SET client_connection_check_interval = '1s', and pg_reload_conf() (PostgreSQL 14 and later), or let the tail be longer than the longest statement")
}
