package verify_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// account makes the site be judged by an account that has these grants alone.
func account(t *testing.T, s *site, name string, grants ...string) {
	t.Helper()
	host := ""
	if s.driver == "mysql" {
		host = "@localhost"
	}
	create, drop := "CREATE USER "+name+host, "DROP USER "+name+host
	if _, err := s.admin.Exec(create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.driver == "pgx" {
			s.admin.Exec("DROP OWNED BY " + name)
		}
		if _, err := s.admin.Exec(drop); err != nil {
			t.Error(err)
		}
	})
	for _, grant := range grants {
		if _, err := s.admin.Exec(grant); err != nil {
			t.Fatalf("%s: %v", grant, err)
		}
	}
	dsn := strings.Replace(strings.Replace(s.dsn, "root@", name+"@", 1), "postgres@", name+"@", 1)
	db := open(t, s.driver, dsn)
	// Neither a session that was there before a grant, nor one that outlives the account.
	db.SetMaxIdleConns(-1)
	t.Cleanup(func() { db.Close() })
	s.config.DB = db
}

// wantGrant asks for an error that names the grant, and that the grant be the remedy for it.
func wantGrant(t *testing.T, s *site, grant string) {
	t.Helper()
	_, err := s.verifier(t).Verify(t.Context())
	var missing *verify.PrivilegeError
	if !errors.As(err, &missing) || !strings.HasPrefix(missing.Grant, grant) || !strings.Contains(err.Error(), grant) {
		t.Fatalf("error %v, want one that names %s", err, grant)
	}
	if _, err := s.admin.Exec(grant); err != nil {
		t.Fatal(err)
	}
	wantNot := missing.Grant
	if _, err := s.verifier(t).Verify(t.Context()); errors.As(err, &missing) && missing.Grant == wantNot {
		t.Errorf("after the grant: %v", err)
	}
}

func TestAMissingPrivilegeIsNamedOnPostgreSQL(t *testing.T) {
	s := postgresSite(t)
	account(t, s, "watcher")
	wantGrant(t, s, `GRANT pg_read_all_stats TO watcher`)
	wantGrant(t, s, `GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO watcher`)
	wantQuiet(t, s.verify(t))
	s.session(t, `BEGIN`, `INSERT INTO t (a) VALUES (3)`)
	wantWriter(t, s.verify(t), verify.HoldsTransaction, "user postgres", "public.t")
}

func TestAMissingPrivilegeIsNamedOnMariaDB(t *testing.T) {
	s := mysqlSite(t, testdb.MariaDB(t))
	account(t, s, "watcher", "GRANT USAGE ON `"+s.name(t)+"`.* TO watcher@localhost", "GRANT SELECT ON `"+s.name(t)+"`.store TO watcher@localhost")
	wantGrant(t, s, `GRANT PROCESS ON *.* TO 'watcher'@'localhost'`)
	wantGrant(t, s, "GRANT SELECT ON `"+s.name(t)+"`.* TO 'watcher'@'localhost'")
	wantQuiet(t, s.verify(t))
	s.session(t, `BEGIN`, `INSERT INTO t (a) VALUES (3)`)
	wantWriter(t, s.verify(t), verify.HoldsTransaction, "user root")
}
