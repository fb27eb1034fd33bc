// Package native asks MySQL and MariaDB servers which functions they have built in.
// Only the generator of the list of known functions uses it, and the test that holds
// the list to a server.
package native

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Errors by which the servers tell what a name is.
const (
	noDatabase  = 1046 // a function of a database, but there is none
	syntax      = 1064
	noSuch      = 1305
	noSuchByGap = 1630
	rejected    = 3566 // one that only the server itself may call
)

// forms are the arguments that a name is tried with: a function that has a syntax of
// its own is one to the server in one of them at least.
var forms = []string{
	"()", "(1)", "(1, 1)", "(1, 1, 1)", "(*)", "() OVER ()", "(1) OVER (ORDER BY 1)", "(1, 1) OVER (ORDER BY 1)",
	"('a' IN 'b')", "(1 AS CHAR)", "(DAY FROM '2020-01-01')", "(DAY, 1, '2020-01-01')", "(DATE, 'USA')",
	"('2020-01-01', INTERVAL 1 DAY)", "(0.5) WITHIN GROUP (ORDER BY 1) OVER ()", "('{}', '$')",
	"('a' USING utf8mb4)", "(1, 1, 1, 1)", "(1) OVER ()", "('a', 1)", "('a', 'b' AS CHAR)", "(mysql.no_such_table)",
}

// simple are the names that the forms may be tried with.
var simple = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// Has reports whether the server calls a function of its own for the name, in at
// least one form. A keyword that a parenthesis may follow counts too.
//
// The connection must have no default database, so that no other function than the
// server's own can be meant; its transactions should be read-only.
func Has(ctx context.Context, conn *sql.Conn, name string) (bool, error) {
	if !simple.MatchString(name) {
		return false, nil
	}
	for _, form := range forms {
		_, err := conn.ExecContext(ctx, "SELECT "+name+form)
		var e *mysql.MySQLError
		switch {
		case err == nil:
			return true, nil
		case !errors.As(err, &e):
			return false, fmt.Errorf("asking for function %s: %w", name, err)
		}
		switch e.Number {
		case noDatabase, noSuch, noSuchByGap, rejected:
			return false, nil
		case syntax:
			continue
		}
		return true, nil
	}
	return false, nil
}

// Candidates returns the names that the server's own tables list: functions,
// keywords and topics of its manual, in lower case.
func Candidates(ctx context.Context, conn *sql.Conn) ([]string, error) {
	var names []string
	for _, table := range []string{
		"SELECT FUNCTION FROM information_schema.SQL_FUNCTIONS", // MariaDB
		"SELECT WORD FROM information_schema.KEYWORDS",
		"SELECT name FROM mysql.help_topic",
		"SELECT name FROM mysql.help_keyword",
	} {
		rows, err := conn.QueryContext(ctx, table)
		if err != nil {
			continue // not on this server; a test holds the list that results to a server
		}
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			name, _, _ = strings.Cut(strings.ToLower(name), " ")
			names = append(names, name)
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	if len(names) == 0 {
		return nil, errors.New("the server lists no names")
	}
	return names, nil
}
