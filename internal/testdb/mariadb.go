package testdb

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"path/filepath"

	"github.com/go-sql-driver/mysql"
)

//go:embed mariadb.sh
var mariadbScript string

var mariadb = &engine{
	name:     "MariaDB",
	packages: "mariadb-server",
	override: "QUIESCE_MARIADB_BIN",
	prefixes: []string{
		"/usr", "/usr/local", "/usr/local/mariadb", "/usr/local/mysql",
		"/opt/homebrew/opt/mariadb", "/usr/local/opt/mariadb",
	},
	programs:    [3]string{"mariadb-install-db", "mariadbd", "mariadb-dump"},
	accounts:    []string{"mysql", "nobody"},
	script:      mariadbScript,
	maintenance: "mysql",
	dsn:         mariadbDSN,
	database:    mariadbDatabase,
	execute:     mariadbExecute,
	// Without a timeout it would wait a day for a transaction that a test left open.
	drop: func(database string) string {
		return "SET STATEMENT lock_wait_timeout = 10 FOR DROP DATABASE " + database
	},
	dump: mariadbDump,
}

func mariadbSocket(folder string) string {
	return filepath.Join(folder, "socket")
}

func mariadbDSN(folder, database string) string {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = "root", "unix", mariadbSocket(folder), database
	return config.FormatDSN()
}

func mariadbDatabase(folder, dsn string) (string, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return "", err
	}
	if config.Addr != mariadbSocket(folder) {
		return "", errors.New("the DSN is not one of this server")
	}
	return config.DBName, nil
}

func mariadbExecute(ctx context.Context, dsn string, statement string) error {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return err
	}
	// Until the server is up the driver would print each failure.
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

func mariadbDump(ctx context.Context, found programs, folder, database string) ([]byte, error) {
	return output(ctx, found.dumper,
		"--no-defaults", // must come first
		"--user=root",
		"--socket="+mariadbSocket(folder),
		"--single-transaction", // so that it takes no lock
		"--skip-comments",      // which hold dates and versions
		"--routines", "--events", "--triggers",
		"--order-by-primary",
		"--skip-extended-insert", // a line a row, for the reader of a difference
		"--hex-blob",
		database)
}
