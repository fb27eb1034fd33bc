package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAURLNamesADatabaseAndShowsNoPassword(t *testing.T) {
	for name, test := range map[string]struct {
		url, source, shown string
		engine             *engine
	}{
		"PostgreSQL": {
			"postgres://app:s3cret@db.example:5433/site?sslmode=disable",
			"postgres://app:s3cret@db.example:5433/site?sslmode=disable", "postgres://app@db.example:5433/site", postgresEngine,
		},
		"PostgreSQL by its long name": {
			"postgresql:///site?host=/run/postgresql&password=s3cret", "postgresql:///site?host=/run/postgresql&password=s3cret",
			"postgresql:///site", postgresEngine,
		},
		"MySQL": {"mysql://app:s3cret@db.example/site", "app:s3cret@tcp(db.example:3306)/site", "mysql://app@db.example/site", mysqlEngine},
		"MariaDB on IPv6": {
			"mariadb://app:s3cret@[::1]:3307/site", "app:s3cret@tcp([::1]:3307)/site", "mariadb://app@[::1]:3307/site", mysqlEngine,
		},
		"MariaDB by a socket": {
			"mariadb://app:s3cret@/site?socket=/run/mysqld/mysqld.sock", "app:s3cret@unix(/run/mysqld/mysqld.sock)/site",
			"mariadb://app@/site", mysqlEngine,
		},
		"MySQL with a password of special characters": {
			"mysql://app:s3cret%40%3A%2F%3F%23@db.example/site", "app:s3cret@:/?#@tcp(db.example:3306)/site", "mysql://app@db.example/site", mysqlEngine,
		},
		"MySQL with a parameter": {
			"mysql://app@db.example/site?time_zone=%27Europe/Paris%27", "app@tcp(db.example:3306)/site?time_zone=%27Europe%2FParis%27",
			"mysql://app@db.example/site", mysqlEngine,
		},
	} {
		t.Run(name, func(t *testing.T) {
			where, err := parseDatabase(test.url)
			if err != nil {
				t.Fatal(err)
			}
			if where.engine != test.engine || where.source != test.source || where.name != test.shown || where.file != "" {
				t.Errorf("source %s, shown as %s, want %s and %s", where.source, where.name, test.source, test.shown)
			}
		})
	}
}

func TestADatabaseThatIsNotUnderstoodIsNotRepeated(t *testing.T) {
	for name, text := range map[string]string{
		"a password that is not encoded":        "postgres://app:s3cret%zz@db.example/site",
		"a password with a slash":               "postgres://app:s3cret/x@db.example/site",
		"a password of digits and a slash":      "mysql://app:53/s3cret@db.example/site",
		"a password with a question mark":       "mysql://app:53?s3cret@db.example/site",
		"a password with a hash":                "mysql://app:53/s3cret#x@db.example/site",
		"a password with a slash and a hash":    "mysql://app:53/s3cret#x",
		"no name of a database":                 "postgres://app:s3cret@db.example",
		"another scheme":                        "mongodb://app:s3cret@db.example/site",
		"no scheme":                             "://app:s3cret@db.example/site",
		"go-sql-driver's own":                   "app:s3cret@tcp(db.example:3306)/site",
		"keywords and values":                   "host=db.example password=s3cret dbname=site",
		"a parameter that MySQL does not take":  "mysql://app:s3cret@db.example/site?parseTime=s3cret",
		"a user that MySQL's driver cannot say": "mysql://a%3Ab:s3cret@db.example/site",
		"a parameter that pgx does not take":    "postgres://app:s3cret@db.example/site?sslmode=s3cret",
	} {
		t.Run(name, func(t *testing.T) {
			for _, flag := range []string{"-db", "-copy-to"} {
				output, err := runOnce(t, flag, text)
				if err == nil || !strings.Contains(err.Error(), flag+": it takes a file, or postgres://") {
					t.Fatalf("error: %v", err)
				}
				if strings.Contains(err.Error()+output, "s3cret") || strings.Contains(err.Error()+output, "53") {
					t.Errorf("the password is shown: %v\n%s", err, output)
				}
			}
		})
	}
}

func TestAServerThatIsNotThereIsNamedWithoutItsPassword(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket") // nobody listens
	for name, url := range map[string]string{
		"PostgreSQL": "postgres://app:s3cret@/site?host=" + filepath.Dir(socket),
		"MariaDB":    "mariadb://app:s3cret@/site?socket=" + socket,
	} {
		for _, args := range [][]string{{"-addr", "127.0.0.1:0"}, {"-sums"}, {"-copy-to", filepath.Join(t.TempDir(), "site.db")}} {
			output, err := runOnce(t, append(args, "-db", url)...)
			if err == nil || !strings.Contains(err.Error(), "app@/site") {
				t.Errorf("%s, %v: %v", name, args, err)
			} else if strings.Contains(err.Error()+output, "s3cret") {
				t.Errorf("%s, %v: the password is shown: %v\n%s", name, args, err, output)
			}
		}
	}
}

func TestABuildWithoutPostgreSQLSaysHowToHaveIt(t *testing.T) {
	open := postgresEngine.open
	postgresEngine.open = nil
	defer func() { postgresEngine.open = open }()
	_, err := runOnce(t, "-addr", "127.0.0.1:0", "-db", "postgres://app:s3cret@localhost/site")
	if err == nil || !strings.Contains(err.Error(), "go run -tags postgres ./examples/site") {
		t.Errorf("error: %v", err)
	}
}
