package main

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

// database is where the data is: what -db names.
type database struct {
	engine *engine
	source string // what the driver takes; it may hold a password
	name   string // what may be shown
	file   string // of SQLite alone
}

// The errors say what is expected and never what was given, which may hold a password.
var (
	errDatabase = errors.New("it takes a file, or postgres://user:password@host:port/database, or mysql:// with the same, " +
		"where what is special in a URL is percent-encoded (what was given is not repeated, because it may hold a password)")
	errNoPostgres = errors.New("this build of the site leaves PostgreSQL out, whose grammar takes a C compiler and minutes to build; " +
		"start it with: go run -tags postgres ./examples/site")
)

// parseDatabase tells a URL from a file.
func parseDatabase(text string) (database, error) {
	if !strings.Contains(text, "://") {
		// These are not URLs, but they are no names of files either.
		if strings.Contains(text, "password=") || strings.Contains(text, "@") && strings.Contains(text, "(") {
			return database{}, errDatabase
		}
		return fileDatabase(text)
	}
	u, err := url.Parse(text)
	if err != nil {
		return database{}, errDatabase
	}
	// A password that is not encoded ends up anywhere in a URL. One that is
	// taken for a name would be shown.
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" || strings.ContainsAny(name, "/@") || u.Fragment != "" {
		return database{}, errDatabase
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	where := database{name: shown.String()}
	switch u.Scheme {
	case "postgres", "postgresql":
		where.engine, where.source = postgresEngine, text
		_, err = pgx.ParseConfig(text)
	case "mysql", "mariadb":
		where.engine = mysqlEngine
		where.source, err = mysqlSource(u, name)
	default:
		return database{}, errDatabase
	}
	if err != nil {
		return database{}, errDatabase
	}
	return where, nil
}

// mysqlSource returns what go-sql-driver takes, which is no URL. The parameter socket is
// the path of a Unix socket; all others are the driver's own.
func mysqlSource(u *url.URL, name string) (string, error) {
	c := mysql.NewConfig()
	c.User, c.DBName = u.User.Username(), name
	c.Passwd, _ = u.User.Password()
	parameters := u.Query()
	if socket := parameters.Get("socket"); socket != "" {
		c.Net, c.Addr = "unix", socket
		parameters.Del("socket")
	} else if u.Host != "" {
		c.Net, c.Addr = "tcp", u.Host
		if u.Port() == "" {
			c.Addr = net.JoinHostPort(u.Hostname(), "3306")
		}
	}
	// Encode leaves no slash in the parameters: the driver looks for the last one.
	parsed, err := mysql.ParseDSN(c.FormatDSN() + "?" + parameters.Encode())
	if err != nil {
		return "", err
	}
	if parsed.User != c.User || parsed.Passwd != c.Passwd { // the driver has no way to write a user with a colon
		return "", errDatabase
	}
	return parsed.FormatDSN(), nil
}
