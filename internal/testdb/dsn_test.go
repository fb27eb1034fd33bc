package testdb

import (
	"strings"
	"testing"
)

func TestADSNNamesItsDatabaseAndServer(t *testing.T) {
	tests := []struct {
		name    string
		engine  *engine
		dsn     string
		want    string
		wantErr string
	}{
		{"PostgreSQL", postgres, postgres.dsn("/here", "test_1"), "test_1", ""},
		{"PostgreSQL with a parameter added", postgres, postgres.dsn("/here", "test_1") + "&application_name=a", "test_1", ""},
		{"PostgreSQL of another server", postgres, postgres.dsn("/there", "test_1"), "", "not one of this server"},
		{"PostgreSQL on the network", postgres, "postgres://postgres@127.0.0.1/test_1", "", "not one of this server"},
		{"PostgreSQL that does not parse", postgres, "postgres://[", "", "parse"},
		{"MariaDB", mariadb, mariadb.dsn("/here", "test_1"), "test_1", ""},
		{"MariaDB with a parameter added", mariadb, mariadb.dsn("/here", "test_1") + "?multiStatements=true", "test_1", ""},
		{"MariaDB of another server", mariadb, mariadb.dsn("/there", "test_1"), "", "not one of this server"},
		{"MariaDB on the network", mariadb, "root@tcp(127.0.0.1:3306)/test_1", "", "not one of this server"},
		{"MariaDB that does not parse", mariadb, "root", "", "DSN"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.engine.database("/here", test.dsn)
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Errorf("database %q, error %v; want an error with %q", got, err, test.wantErr)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("database %q, error %v; want %q", got, err, test.want)
			}
		})
	}
}
