package testdb

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/jackc/pgx/v5"
)

//go:embed postgres.sh
var postgresScript string

var postgres = &engine{
	name:     "PostgreSQL",
	packages: "postgresql",
	override: "QUIESCE_POSTGRES_BIN",
	prefixes: []string{
		"/usr/lib/postgresql/*", "/usr/pgsql-*", "/usr/local/pgsql", "/usr/local",
		"/opt/homebrew/opt/postgresql@*", "/usr/local/opt/postgresql@*",
	},
	programs:    [3]string{"initdb", "postgres", "pg_dump"},
	accounts:    []string{"postgres", "nobody"},
	script:      postgresScript,
	maintenance: "postgres",
	dsn:         postgresDSN,
	database:    postgresDatabase,
	execute:     postgresExecute,
	drop:        func(database string) string { return "DROP DATABASE " + database + " WITH (FORCE)" },
	dump:        postgresDump,
}

func postgresDSN(folder, database string) string {
	query := url.Values{"host": {folder}, "port": {"5432"}, "sslmode": {"disable"}}
	dsn := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database, RawQuery: query.Encode()}
	return dsn.String()
}

func postgresDatabase(folder, dsn string) (string, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return "", err
	}
	if config.Host != folder {
		return "", errors.New("the DSN is not one of this server")
	}
	return config.Database, nil
}

func postgresExecute(ctx context.Context, dsn string, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

func postgresDump(ctx context.Context, found programs, folder, database string) ([]byte, error) {
	args := []string{"--no-password", "--dbname=" + postgresDSN(folder, database)}
	has, err := restricts(ctx, found)
	if err != nil {
		return nil, fmt.Errorf("asking for its options: %w", err)
	}
	if has {
		args = append(args, restrictKey+"=quiesce")
	}
	return output(ctx, found.dumper, args...)
}

// restrictKey is the option by which pg_dump is given a word that it puts into its output. Since
// 18, 17.6, 16.10, 15.14, 14.19 and 13.22 that is a random one, unless it is given.
const restrictKey = "--restrict-key"

// restricting are the pg_dumps that were asked, by their paths, and whether they have the option:
// to ask takes half as long as to dump a small database.
var restricting sync.Map

func restricts(ctx context.Context, found programs) (bool, error) {
	if has, known := restricting.Load(found.dumper); known {
		return has.(bool), nil
	}
	help, err := output(ctx, found.dumper, "--help")
	if err != nil {
		return false, err
	}
	has := bytes.Contains(help, []byte(restrictKey))
	restricting.Store(found.dumper, has)
	return has, nil
}
