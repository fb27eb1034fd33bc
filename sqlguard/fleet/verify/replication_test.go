package verify_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// TestWhatTheServerItselfDoesIsLeftOut has a vacuum that takes its time, and a consumer of
// logical replication.
func TestWhatTheServerItselfDoesIsLeftOut(t *testing.T) {
	t.Parallel()
	server := testdb.PostgresWith(t, "-c", "wal_level=logical", "-c", "autovacuum=on", "-c", "autovacuum_naptime=1s")
	s := newSite(t, "pgx", verify.Postgres, server.Database(t), append(postgresSchema,
		`CREATE TABLE big (a int) WITH (autovacuum_vacuum_threshold=1, autovacuum_vacuum_scale_factor=0,
			autovacuum_vacuum_cost_delay=100, autovacuum_vacuum_cost_limit=1)`,
		`INSERT INTO big SELECT generate_series(1, 20000)`,
		`CREATE PUBLICATION p FOR TABLE t`,
		`SELECT pg_create_logical_replication_slot('mover', 'pgoutput')`,
		`DELETE FROM big`)...)
	stream(t, s.dsn)
	s.eventually(t, `SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'walsender'`)
	s.eventually(t, `SELECT count(*) > 0 FROM pg_stat_progress_vacuum WHERE datname = current_database()`)
	report := s.verify(t)
	wantQuiet(t, report)
	wantLeftOut(t, report, "autovacuum", "pid ")
	wantLeftOut(t, report, "replication", "cdc")
	wantLeftOut(t, report, "replication slot", "mover: logical, in use")
}

// stream reads from the slot, as a subscriber does.
func stream(t *testing.T, dsn string) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn+"&replication=database&application_name=cdc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	conn.Frontend().Send(&pgproto3.Query{String: `START_REPLICATION SLOT mover LOGICAL 0/0 (proto_version '1', publication_names 'p')`})
	if err := conn.Frontend().Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ReceiveMessage(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestLateStatisticsDoNotCount has a session that has not told yet what it wrote before the
// first look, and tells it by its end.
func TestLateStatisticsDoNotCount(t *testing.T) {
	s := postgresSite(t)
	db := open(t, s.driver, s.dsn)
	writer := sessionOf(t, db, `SET application_name = 'once'`, `INSERT INTO t (a) VALUES (3)`, `INSERT INTO t (a) VALUES (4)`)
	report := s.meanwhile(t, func() {
		writer.Close()
		db.Close()
		s.eventually(t, `SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'once'`)
	})
	wantQuiet(t, report)
	wantLeftOut(t, report, "late statistics", "public.t")
	if !strings.Contains(report.Proof, "no transaction id") {
		t.Errorf("proof %q", report.Proof)
	}
}
