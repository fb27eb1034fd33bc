package check

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// Dialects are the names of the dialects, for messages.
const Dialects = "postgres, mysql or sqlite"

// dialect is a judge of texts, and the language that splits them.
type dialect struct {
	sqlguard.Dialect
	language lex.Dialect
}

var dialects = map[string]*dialect{
	"postgres": {postgres.Dialect{}, lex.Postgres},
	"mysql":    {mysql.Dialect{}, lex.MySQL},
	"sqlite":   {sqlite.Dialect{}, lex.SQLite},
}

// aliases are what people and other programs call the dialects.
var aliases = map[string]string{"postgresql": "postgres", "mariadb": "mysql"}

// dialectNamed returns the dialect of that name, in any case and with or without
// a version behind it ("mysql8", "sqlite3"); nil if there is none.
func dialectNamed(name string) *dialect {
	name = strings.TrimRight(strings.ToLower(name), "0123456789.")
	if full, ok := aliases[name]; ok {
		name = full
	}
	return dialects[name]
}
