package pgx_test

import (
	"context"
	"testing"

	jackc "github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/driver/pgx"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestRowsThatAreOpenAtTheEndDropTheConnection(t *testing.T) {
	e, pool := native(t, "")
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(ctx, "INSERT INTO u (a) SELECT 80 FROM generate_series(1, 100000) RETURNING a")
	if err != nil {
		t.Fatal(err)
	}
	conn.Release()
	rows.Close()
	if err := pool.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	if p := e.Guard.Pending(); len(p.Open) > 0 || len(p.Unknown) != 1 {
		t.Errorf("pending: %v", p)
	}
}

func TestAConnectionOfItsOwnIsGuarded(t *testing.T) {
	e, dsn := engineAt(t, "")
	conn, err := pgx.Connect(ctx, dsn, e.Guard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "LISTEN news"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.DB.Exec("NOTIFY news, 'told'"); err != nil {
		t.Fatal(err)
	}
	e.Set(t, sqlguard.ReadOnly)
	if n, err := conn.WaitForNotification(ctx); err != nil || n.Payload != "told" {
		t.Errorf("a notification: %v, %v", n, err)
	}
	if _, err := conn.Exec(ctx, "LISTEN news"); err != nil {
		t.Errorf("LISTEN: %v", err)
	}
	for _, text := range []string{"NOTIFY news", insert, "COPY u TO '/nowhere'", "COPY u FROM STDIN"} {
		_, err := conn.Exec(ctx, text)
		enginetest.Refused(t, text, err)
	}
	if err := conn.Close(ctx); err != nil || !conn.IsClosed() {
		t.Error(err)
	}
	if _, err := pgx.Connect(ctx, "postgres://u:secret@host:port/", e.Guard); err == nil || len(err.Error()) > 200 {
		t.Errorf("a DSN that does not parse: %v", err)
	}
}

func TestConnectionsOfThePoolStayGuardedHoweverTheyAreTaken(t *testing.T) {
	e, pool := native(t, "")
	if err := pool.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	idle := pool.AcquireAllIdle(ctx)
	if len(idle) != 1 {
		t.Fatalf("%d connections are idle, want one", len(idle))
	}
	e.Set(t, sqlguard.ReadOnly)
	_, err := idle[0].Exec(ctx, insert)
	enginetest.Refused(t, "a write on an idle connection", err)
	own := idle[0].Hijack()
	defer own.Close(ctx)
	if got := pool.Stat().TotalConns(); got != 0 {
		t.Errorf("the pool has %d connections, and one was taken out of it", got)
	}
	_, err = own.Exec(ctx, insert)
	enginetest.Refused(t, "a write on a connection that was taken out", err)
	if types, err := own.LoadTypes(ctx, []string{"u"}); err != nil || len(types) == 0 {
		t.Errorf("the types of a table: %v, %v", types, err)
	}
}

func TestTheConfigurationOfAPoolIsTheOneThatItWasGiven(t *testing.T) {
	_, pool := native(t, "")
	if c := pool.Config(); c.AfterConnect != nil || c.BeforeClose != nil {
		t.Error("its hooks are the guard's, which would look after another pool's connections too")
	}
	c := pool.Config()
	connected, closed := 0, 0
	c.AfterConnect = func(context.Context, *jackc.Conn) error { connected++; return nil }
	c.BeforeClose = func(*jackc.Conn) { closed++ }
	other, err := pgx.NewPoolWithConfig(ctx, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	again := other.Config()
	if other.Close(); connected != 1 || closed != 1 {
		t.Errorf("the hooks were called %d and %d times, want once each", connected, closed)
	}
	if again.AfterConnect(ctx, nil); connected != 2 {
		t.Error("AfterConnect is not the one that was given")
	}
}

func TestAStatementOnAClosedConnectionIsNotOneWhoseOutcomeIsUnknown(t *testing.T) {
	for _, mode := range []sqlguard.Mode{sqlguard.Observe, sqlguard.ReadOnly} {
		e, dsn := engineAt(t, "")
		conn, err := pgx.Connect(ctx, dsn, e.Guard)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		e.Set(t, mode)
		if err := conn.Unwrap().Close(ctx); err != nil {
			t.Fatal(err)
		}
		_, executed := conn.Exec(ctx, "LISTEN news")
		_, queried := conn.Query(ctx, "LISTEN news")
		_, begun := conn.Begin(ctx)
		for _, err := range []error{executed, queried, begun} {
			if err == nil || err.Error() != "conn closed" {
				t.Errorf("%s: the error is %v", mode, err)
			}
		}
		e.Set(t, sqlguard.ReadOnly)
		if p := e.Guard.Pending(); len(p.Open) > 0 || len(p.Unknown) > 0 {
			t.Errorf("%s: pending: %v", mode, p)
		}
	}
}
