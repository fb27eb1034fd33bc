package store

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/sqlguard/fleet/sqlstore"
)

// target is what a DSN means.
type target struct {
	dialect string
	// name is the DSN without password and parameters.
	name     string
	password string

	postgres *pgx.ConnConfig // where the dialect is Postgres
	mysql    *mysql.Config   // where it is MySQL
	file     string          // where it is SQLite
	query    string          // and the parameters of its DSN
	foreign  bool            // it is no store, so its settings are not to be changed
}

// Redact returns a DSN without its password, and without parameters, for logs. If it does not parse,
// no more than its scheme is left.
func Redact(dsn string) string {
	t, err := parse(dsn)
	if err != nil {
		return hidden(dsn)
	}
	return t.name
}

// hidden is what can be shown of a text in which nobody knows what is a password.
func hidden(dsn string) string {
	for _, scheme := range []string{"postgres:", "postgresql:", "mysql:", "mariadb:", "sqlite:", "file:"} {
		if strings.HasPrefix(dsn, scheme) {
			return scheme + "…"
		}
	}
	return "…"
}

var errScheme = errors.New("expected postgres://…, mysql://…, mysql:user@tcp(host)/database, sqlite:FILE, or a path that begins with a slash or a dot")

// parse reads a DSN. Its errors say nothing of what the DSN holds, because all of it may be a password.
func parse(dsn string) (*target, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	switch {
	case strings.HasPrefix(dsn, "/"), strings.HasPrefix(dsn, "."):
		return parseFile(dsn)
	case scheme == "sqlite", scheme == "file":
		return parseFile(strings.TrimPrefix(rest, "//"))
	case (scheme == "postgres" || scheme == "postgresql") && strings.HasPrefix(rest, "//"):
		return parsePostgres(dsn)
	case (scheme == "mysql" || scheme == "mariadb") && strings.HasPrefix(rest, "//"):
		return parseMySQLURL(dsn)
	case scheme == "mysql", scheme == "mariadb":
		return parseMySQL(rest)
	}
	return nil, errScheme
}

func parsePostgres(dsn string) (*target, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("it is not a URL that pgx accepts; the reason is held back, because it may quote a password")
	}
	if _, ok := config.RuntimeParams["application_name"]; !ok {
		config.RuntimeParams["application_name"] = "quiesce"
	}
	host := net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
	name := url.URL{Scheme: "postgres", User: url.User(config.User), Host: host, Path: "/" + config.Database}
	if strings.HasPrefix(config.Host, "/") { // a folder with a socket
		name.Host, name.RawQuery = "", url.Values{"host": {config.Host}}.Encode()
	}
	return &target{dialect: sqlstore.Postgres, name: name.String(), password: config.Password, postgres: config}, nil
}

func parseMySQLURL(dsn string) (*target, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, errors.New("it is not a URL; the reason is held back, because it may quote a password")
	}
	config := mysql.NewConfig()
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net, config.Addr, config.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	if u.Host == "" {
		return nil, errors.New("the URL names no host; for a socket there is mysql:user@unix(/path)/database")
	}
	text := config.FormatDSN()
	if u.RawQuery != "" {
		separator := "?"
		if strings.Contains(text[strings.LastIndexByte(text, '/'):], "?") {
			separator = "&"
		}
		text += separator + u.RawQuery
	}
	return parseMySQL(text)
}

func parseMySQL(text string) (*target, error) {
	config, err := mysql.ParseDSN(text)
	if err != nil {
		return nil, errors.New("it is not a DSN that go-sql-driver/mysql accepts; the reason is held back, because it may quote a password")
	}
	if config.DBName == "" {
		return nil, errors.New("it names no database")
	}
	// A statement with its parameters in the text is one request; else it is prepared, executed and closed.
	config.InterpolateParams = true
	config.Logger = &mysql.NopLogger{} // errors are returned
	name := fmt.Sprintf("mysql:%s@%s(%s)/%s", config.User, config.Net, config.Addr, config.DBName)
	return &target{dialect: sqlstore.MySQL, name: name, password: config.Passwd, mysql: config}, nil
}

func parseFile(text string) (*target, error) {
	file, query, _ := strings.Cut(text, "?")
	switch {
	case file == "":
		return nil, errors.New("it names no file")
	case strings.HasPrefix(file, ":memory:"), strings.Contains(query, "mode=memory"):
		return nil, errors.New("it names a database in memory, which no other process sees; expected a file")
	}
	return &target{dialect: sqlstore.SQLite, name: "sqlite:" + file, file: file, query: query}, nil
}

// sqliteDSN is what modernc's driver takes. It waits for a lock for a moment only, because that
// waiting heeds no context; the store tries again for as long as there is time.
func (t *target) sqliteDSN() string {
	dsn := "file:" + (&url.URL{Path: t.file}).EscapedPath() + "?_pragma=busy_timeout(20)"
	if !t.foreign {
		dsn += "&_pragma=journal_mode(wal)"
	}
	if t.query != "" {
		dsn += "&" + t.query
	}
	return dsn
}

// scrub returns an error in whose text there is no password.
func (t *target) scrub(err error) error {
	if err == nil || t.password == "" || !strings.Contains(err.Error(), t.password) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), t.password, "…"))
}
