package pgx_test

import (
	"context"
	"testing"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// nettedEngine is engine with NetSession, on a wire.
func nettedEngine(t *testing.T) (*enginetest.Netted, *enginetest.Wire, string) {
	t.Helper()
	e, dsn := engineAt(t, "")
	config, err := jackc.ParseConfig(with(dsn, "application_name=guarded"))
	if err != nil {
		t.Fatal(err)
	}
	w := &enginetest.Wire{}
	config.DialFunc = w.Dial
	c := stdlib.GetConnector(*config, stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false }))
	cfg := pgx.Config(e.Guard)
	cfg.Net = driver.NetSession
	if e.DB, err = driver.OpenDB(c, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.DB.Close() })
	return &enginetest.Netted{
		Engine: e, Setting: "SELECT current_setting('default_transaction_read_only')", On: "on",
		Own: "SET default_transaction_read_only = on",
	}, w, dsn
}

// hiding makes what the statements of the corpus speak of.
var hiding = []string{
	"CREATE TABLE log (id serial, what text)",
	"CREATE FUNCTION t_touch(t) RETURNS int LANGUAGE sql AS 'INSERT INTO log (what) VALUES (1) RETURNING 1'",
	"CREATE SCHEMA evil",
	"CREATE FUNCTION evil.upper(text) RETURNS text LANGUAGE sql AS 'INSERT INTO public.log (what) VALUES ($1) RETURNING $1'",
}

func TestASessionOfPostgreSQLRefusesWhatNoTextShows(t *testing.T) {
	n, _, _ := nettedEngine(t)
	enginetest.Hidden(t, n, hiding, map[string]string{
		"SELECT * FROM ft_prog": "a foreign table runs a program of the server's machine, which writes no table",
	})
}

func TestASessionOfPostgreSQLIsPutBackToWhatItWas(t *testing.T) {
	n, _, _ := nettedEngine(t)
	enginetest.PutBack(t, n)
}

func TestASessionOfPostgreSQLCostsOneRoundTripForEachFlip(t *testing.T) {
	n, w, _ := nettedEngine(t)
	enginetest.RoundTrips(t, n, w)
}

func TestAfterAThousandFlipsNoSessionOfPostgreSQLIsInTheWrongState(t *testing.T) {
	n, _, dsn := nettedEngine(t)
	bare := open(t, dsn, nil)
	defer bare.Close()
	enginetest.Flips(t, n, []string{
		"DISCARD ALL", "RESET ALL", "RESET default_transaction_read_only", "SET default_transaction_read_only = off",
		"SELECT 1/0", "no SQL", "SET application_name = 'guarded'", "SELECT f_w()", "SELECT f_r()",
	}, func() {
		bare.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name = 'guarded' AND datname = current_database() LIMIT 1`)
	})
}

func TestTheNetOfANativePool(t *testing.T) {
	e, dsn := engineAt(t, "")
	for _, text := range []string{"CREATE VIEW v_w AS SELECT f_w() AS w"} {
		if _, err := e.DB.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	p, err := pgx.NewPool(ctx, with(dsn, "pool_max_conns=1"), e.Guard, pgx.WithNet(driver.NetSession))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	setting := func() (s string) {
		c, err := p.Unwrap().Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
		return c.Conn().PgConn().ParameterStatus("default_transaction_read_only")
	}
	for range 2 {
		e.Set(t, sqlguard.ReadOnly)
		if _, err := p.Exec(ctx, "SELECT w FROM v_w"); !sqlguard.IsReadOnly(err) {
			t.Errorf("a view that writes: %v", err)
		}
		if s := setting(); s != "on" {
			t.Errorf("with the mode read-only the setting is %q", s)
		}
		bypass := sqlguard.WithBypass(ctx, "test")
		if _, err := p.Exec(bypass, "INSERT INTO u (a) VALUES (1)"); err != nil {
			t.Errorf("a bypass: %v", err)
		}
		var n int
		if err := p.QueryRow(ctx, "SELECT count(*) FROM u").Scan(&n); err != nil {
			t.Error(err)
		}
		// What is reset around the guard is noticed.
		if _, err := p.Unwrap().Exec(ctx, "RESET ALL"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Exec(ctx, "SELECT w FROM v_w"); !sqlguard.IsReadOnly(err) {
			t.Errorf("a view that writes, after a reset: %v", err)
		}
		e.Set(t, sqlguard.Off)
		if _, err := p.Exec(ctx, "INSERT INTO u (a) VALUES (1)"); err != nil {
			t.Errorf("with the mode off again: %v", err)
		}
		if s := setting(); s != "off" {
			t.Errorf("with the mode off again the setting is %q", s)
		}
	}
}

func TestArmSessionsPutsBackWhatWasSetBefore(t *testing.T) {
	for _, own := range []string{"off", "on"} {
		e, dsn := engineAt(t, "")
		config, err := pgxpool.ParseConfig(with(dsn, "pool_max_conns=1&default_transaction_read_only="+own))
		if err != nil {
			t.Fatal(err)
		}
		if err := pgx.ArmSessions(config, e.Guard); err != nil {
			t.Fatal(err)
		}
		p, err := pgxpool.NewWithConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for range 2 {
			for _, mode := range []sqlguard.Mode{sqlguard.ReadOnly, sqlguard.ReadOnly, sqlguard.Off} {
				e.Set(t, mode)
				want := own
				if mode == sqlguard.ReadOnly {
					want = "on"
				}
				var got string
				if err := p.QueryRow(t.Context(), "SHOW default_transaction_read_only").Scan(&got); err != nil || got != want {
					t.Errorf("own setting %s, mode %v: %q (%v), want %s", own, mode, got, err, want)
				}
				if mode == sqlguard.ReadOnly && own == "off" { // is noticed
					if _, err := p.Exec(t.Context(), "SET default_transaction_read_only = off"); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

func TestTheNetTogetherWithTheFence(t *testing.T) {
	n, _, dsn := nettedEngine(t)
	f, err := fence.New(open(t, dsn, nil), fence.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	enginetest.FencedNet(t, n, f)
}
