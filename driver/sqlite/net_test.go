package sqlite_test

import (
	"testing"

	"modernc.org/sqlite"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	guarded "github.com/quiescehq/quiesce/driver/sqlite"
)

// netted is engine with NetSession.
func netted(t *testing.T) *enginetest.Netted {
	t.Helper()
	e := engine(t)
	var file string
	if err := e.DB.QueryRow("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file); err != nil {
		t.Fatal(err)
	}
	c, err := sqlite.NewConnector("file:" + file + "?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	cfg := guarded.Config(e.Guard)
	cfg.Net = driver.NetSession
	if e.DB, err = driver.OpenDB(c, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.DB.Close() })
	return &enginetest.Netted{Engine: e, Setting: "PRAGMA query_only", On: "1", Own: "PRAGMA query_only = 1"}
}

func TestASessionOfSQLiteIsPutBackToWhatItWas(t *testing.T) { enginetest.PutBack(t, netted(t)) }

func TestAfterAThousandFlipsNoSessionOfSQLiteIsInTheWrongState(t *testing.T) {
	enginetest.Flips(t, netted(t), []string{"PRAGMA query_only = 0", "SELECT no_such", "no SQL"}, nil)
}
