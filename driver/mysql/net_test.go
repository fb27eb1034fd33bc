package mysql_test

import (
	"database/sql"
	"testing"

	own "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/mysql"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// netted is engine with NetSession, on a wire.
func netted(t *testing.T) (n *enginetest.Netted, w *enginetest.Wire, kill func()) {
	t.Helper()
	e, bare, _ := engineAt(t, "")
	var name string
	if err := bare.QueryRow("SELECT database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	parsed, err := own.ParseDSN(testdb.MariaDB(t).DSN(name))
	if err != nil {
		t.Fatal(err)
	}
	w = &enginetest.Wire{}
	parsed.User, parsed.DialFunc, parsed.CheckConnLiveness = "guarded", w.Dial, false
	c, err := own.NewConnector(parsed)
	if err != nil {
		t.Fatal(err)
	}
	cfg := mysql.Config(e.Guard)
	cfg.Net = driver.NetSession
	if e.DB, err = driver.OpenDB(c, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.DB.Close() })
	kill = func() {
		var id int64
		if bare.QueryRow("SELECT id FROM information_schema.processlist WHERE db = database() AND user = 'guarded' LIMIT 1").Scan(&id) == nil {
			bare.Exec("KILL ?", id)
		}
	}
	return &enginetest.Netted{
		Engine: e, Setting: "SELECT CAST(@@session.tx_read_only AS CHAR)", On: "ON", Own: "SET SESSION TRANSACTION READ ONLY",
	}, w, kill
}

func TestASessionOfMariaDBRefusesWhatNoTextShows(t *testing.T) {
	n, _, _ := netted(t)
	enginetest.Hidden(t, n, []string{
		"CREATE TABLE log (id int AUTO_INCREMENT PRIMARY KEY, what text)",
		"CREATE FUNCTION f_log() RETURNS int BEGIN INSERT INTO log (what) VALUES ('x'); RETURN 1; END",
		"CREATE VIEW v_w AS SELECT f_log() AS w",
	}, nil)
}

func TestASessionOfMariaDBIsPutBackToWhatItWas(t *testing.T) {
	n, _, _ := netted(t)
	enginetest.PutBack(t, n)
}

func TestASessionOfMariaDBCostsOneRoundTripForEachFlip(t *testing.T) {
	n, w, _ := netted(t)
	enginetest.RoundTrips(t, n, w)
}

func TestWhatMariaDBPreparesIsRefusedWhenItIsExecuted(t *testing.T) {
	n, _, _ := netted(t)
	n.Set(t, sqlguard.ReadOnly)
	if _, err := n.DB.Exec(n.Count); err != nil {
		t.Fatal(err)
	}
	s, err := n.DB.Prepare(n.Insert)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Exec()
	enginetest.Refused(t, "a prepared insert", err)
}

func TestAfterAThousandFlipsNoSessionOfMariaDBIsInTheWrongState(t *testing.T) {
	n, _, kill := netted(t)
	enginetest.Flips(t, n, []string{
		"SET SESSION TRANSACTION READ WRITE", "SET SESSION tx_read_only = 0", "SELECT no_such", "no SQL", "SET TRANSACTION READ ONLY",
	}, kill)
}

func TestTheNetTogetherWithTheFence(t *testing.T) {
	n, _, _ := netted(t)
	var name string
	if err := n.DB.QueryRow("SELECT database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	bare, err := sql.Open("mysql", testdb.MariaDB(t).DSN(name))
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	f, err := fence.New(bare, fence.MySQL)
	if err != nil {
		t.Fatal(err)
	}
	enginetest.FencedNet(t, n, f)
}
