package operate

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// mysqlServer is what doctor knows of a MySQL or MariaDB server, and of its own session.
type mysqlServer struct {
	user, host string // as the server knows this session
	account    string // as in GRANT … TO
	database   string
	mariadb    bool
	tellsAll   bool // this account sees the privileges of others
}

func mysqlServerOf(ctx context.Context, db *sql.DB) (s mysqlServer, err error) {
	var version, current, session string
	err = db.QueryRowContext(ctx, "SELECT VERSION(), CURRENT_USER(), USER(), DATABASE()").Scan(&version, &current, &session, &s.database)
	if err != nil {
		return s, err
	}
	s.mariadb = strings.Contains(version, "MariaDB")
	at := strings.LastIndexByte(current, '@')
	s.account = fmt.Sprintf("'%s'@'%s'", current[:at], current[at+1:])
	at = strings.LastIndexByte(session, '@')
	s.user, s.host = session[:at], session[at+1:]
	_, denied := db.ExecContext(ctx, "SELECT 1 FROM mysql.user LIMIT 0")
	s.tellsAll = denied == nil
	return s, nil
}

// holds reports whether one of the accounts of a user has one of some privileges on the whole server. What comes by a role is not seen.
func holds(ctx context.Context, db *sql.DB, grantee string, privileges ...string) (bool, error) {
	args := []any{grantee}
	for _, p := range privileges {
		args = append(args, p)
	}
	var n int
	err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES WHERE GRANTEE LIKE ?
		AND PRIVILEGE_TYPE IN (?`+strings.Repeat(", ?", len(privileges)-1)+`)`, args...).Scan(&n)
	return n > 0, err
}

// of is a pattern for the accounts of a user, at any host.
func of(user string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(user) + "'@%"
}

// mysql looks at what only MySQL and MariaDB have.
func (o *DoctorOut) mysql(ctx context.Context, e examination) (self string, err error) {
	db := e.database.db
	s, err := mysqlServerOf(ctx, db)
	if err != nil {
		return "", err
	}
	if !s.tellsAll {
		o.note("this account does not see the privileges of others, so who passes read_only was not looked at", "run doctor once with an administrator's account")
	}
	passes := []string{"SUPER", "CONNECTION_ADMIN"} // MySQL 8.4, read_only
	if s.mariadb {
		passes = []string{"SUPER", "READ_ONLY ADMIN"} // MariaDB 10.11; before, SUPER was enough
	}
	for _, user := range users(e.clients) {
		strong := false
		if s.tellsAll {
			if strong, err = holds(ctx, db, of(user), passes...); err != nil {
				return s.host, err
			}
		}
		if strong {
			o.note(fmt.Sprintf("the account %s, which is connected, has a privilege that passes read_only (%s): the server's own setting does not keep it from writing, only its guard does", user, strings.Join(passes, " or ")),
				"give the site an account without that, so that the database can refuse as well")
		}
	}
	if !o.fence(ctx, e.mode, e.database) {
		return s.host, nil
	}
	if s.tellsAll {
		for _, user := range users(e.clients) {
			if err := o.mayTakeMySQL(ctx, e, s, user); err != nil {
				return s.host, err
			}
		}
	}
	// To explain a statement takes the rights that it takes, and does nothing (MySQL 8.4, EXPLAIN Statement).
	if rows, denied := db.QueryContext(ctx, "EXPLAIN UPDATE quiesce_fence SET closed = closed WHERE id = 1"); denied == nil {
		rows.Close()
	} else {
		o.may(e.mode.Fence, false, "", "this command may not close the fence", fmt.Sprintf("GRANT SELECT, UPDATE ON `%s`.quiesce_fence TO %s", s.database, s.account))
	}
	return s.host, o.mayEndMySQL(ctx, e, s)
}

// mayTakeMySQL says whether the accounts of a user may take the fence.
func (o *DoctorOut) mayTakeMySQL(ctx context.Context, e examination, s mysqlServer, user string) error {
	const query = `SELECT COUNT(*) FROM (
		SELECT GRANTEE FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SELECT'
		UNION ALL
		SELECT GRANTEE FROM information_schema.SCHEMA_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SELECT' AND (TABLE_SCHEMA = ? OR REPLACE(TABLE_SCHEMA, '\\_', '_') = ?)
		UNION ALL
		SELECT GRANTEE FROM information_schema.TABLE_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SELECT' AND TABLE_SCHEMA = ? AND TABLE_NAME = 'quiesce_fence'
	) granted WHERE GRANTEE LIKE ?`
	var n int
	if err := e.database.db.QueryRowContext(ctx, query, s.database, s.database, s.database, of(user)).Scan(&n); err != nil {
		return err
	}
	o.may(e.mode.Fence, n > 0, fmt.Sprintf("the account %s may take the fence", user),
		fmt.Sprintf("the account %s may not take the fence, unless by a role: all its writes would fail once the fleet is armed", user),
		fmt.Sprintf("GRANT SELECT ON `%[1]s`.quiesce_fence to it, before MySQL 8.0.22 UPDATE as well; and EXECUTE ON PROCEDURE `%[1]s`.quiesce_fence_begin, which saves a round trip", s.database))
	return nil
}

// mayEndMySQL says whether this command may end the sessions of those who have taken the fence, and find them.
func (o *DoctorOut) mayEndMySQL(ctx context.Context, e examination, s mysqlServer) error {
	db := e.database.db
	kills := "CONNECTION_ADMIN"
	if s.mariadb {
		kills = "CONNECTION ADMIN"
	}
	ends, err := holds(ctx, db, s.account, kills, "SUPER")
	if err != nil {
		return err
	}
	sees, err := holds(ctx, db, s.account, "PROCESS")
	if err != nil {
		return err
	}
	missing := []string{}
	if !ends {
		missing = append(missing, fmt.Sprintf("GRANT %s ON *.* TO %s", kills, s.account))
	}
	if !sees {
		missing = append(missing, "GRANT PROCESS ON *.* TO "+s.account)
	}
	if !s.mariadb {
		if _, denied := db.ExecContext(ctx, "SELECT 1 FROM performance_schema.data_lock_waits LIMIT 0"); denied != nil {
			missing = append(missing, "GRANT SELECT ON performance_schema.data_lock_waits TO "+s.account)
		}
	}
	o.may(e.mode.Fence, len(missing) == 0, "this command may end the sessions of processes that have fallen silent with the fence taken",
		"this command may not find and end the sessions of others: where a process is stopped that has taken the fence, wait --level strict waits for it until its time is over",
		strings.Join(missing, "; "))
	return nil
}
