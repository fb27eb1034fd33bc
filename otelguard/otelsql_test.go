package otelguard_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	bare "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/driver"
	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/otelguard"
	"github.com/quiescehq/quiesce/sqlguard"
)

// bareConnector returns a connector of SQLite's driver, with nothing around it.
func bareConnector(t *testing.T) sqldriver.Connector {
	t.Helper()
	c, err := bare.NewConnector("file:" + filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// orders are the two ways to have both otelsql and a guard, and whose span has the event.
var orders = map[string]struct {
	open func(t *testing.T, g *sqlguard.Guard, traces otelsql.Option) *sql.DB
	span string
}{
	"otelsql outside": {func(t *testing.T, g *sqlguard.Guard, traces otelsql.Option) *sql.DB {
		guarded, err := driver.WrapConnector(bareConnector(t), sqlite.Config(g))
		if err != nil {
			t.Fatal(err)
		}
		return otelsql.OpenDB(guarded, traces)
	}, "sql.conn.exec"},
	"the guard outside": {func(t *testing.T, g *sqlguard.Guard, traces otelsql.Option) *sql.DB {
		c := bareConnector(t)
		traced := otelsql.WrapDriver(c.Driver(), traces)
		dsn := "file:" + filepath.Join(t.TempDir(), "test.db")
		if d, ok := traced.(sqldriver.DriverContext); ok {
			var err error
			if c, err = d.OpenConnector(dsn); err != nil {
				t.Fatal(err)
			}
		} else {
			c = dsnConnector{dsn, traced}
		}
		db, err := driver.OpenDB(c, sqlite.Config(g))
		if err != nil {
			t.Fatal(err)
		}
		return db
	}, "request"},
}

// dsnConnector is what database/sql makes of a driver without connectors.
type dsnConnector struct {
	dsn    string
	driver sqldriver.Driver
}

func (c dsnConnector) Connect(context.Context) (sqldriver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() sqldriver.Driver                        { return c.driver }

func TestAGuardAndOtelsqlWrapADriverInEitherOrder(t *testing.T) {
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			guard := newGuard(t)
			telemetry, err := otelguard.Start(otelguard.Config{Guard: guard})
			if err != nil {
				t.Fatal(err)
			}
			defer telemetry.Stop()
			spans := tracetest.NewSpanRecorder()
			provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
			db := order.open(t, guard, otelsql.WithTracerProvider(provider))
			defer db.Close()
			db.SetMaxOpenConns(1)
			if _, err := db.Exec("CREATE TABLE orders (n); CREATE TABLE views (n); INSERT INTO orders VALUES (1)"); err != nil {
				t.Fatal(err)
			}
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()

			hold(t, guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
			ctx, span := provider.Tracer("test").Start(t.Context(), "request")
			wantRefused(t, ctx, conn)
			span.End()
			wantEvent(t, spans.Ended(), order.span)

			guard.Release("test")
			if _, err := conn.ExecContext(t.Context(), "INSERT INTO orders VALUES (2)"); err != nil {
				t.Errorf("with the mode off again: %v", err)
			}
		})
	}
}

// wantRefused runs writes of several kinds, which must all be refused on a connection
// that stays, and reads, which must pass.
func wantRefused(t *testing.T, ctx context.Context, conn *sql.Conn) {
	t.Helper()
	if _, err := conn.ExecContext(ctx, "UPDATE orders SET n = ?", 41); !errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("UPDATE: %v", err)
	}
	stmt, err := conn.PrepareContext(context.Background(), "DELETE FROM orders WHERE n = ?")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	if _, err := stmt.ExecContext(context.Background(), 1); !errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("a prepared DELETE: %v", err)
	}
	rows, err := conn.QueryContext(context.Background(), "INSERT INTO orders VALUES (3) RETURNING n")
	if err == nil {
		for rows.Next() {
		}
		err = errors.Join(rows.Err(), rows.Close())
	}
	if !errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("INSERT … RETURNING: %v", err)
	}
	tx, err := conn.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO orders VALUES (4)"); !errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("INSERT in a transaction: %v", err)
	}
	if err := tx.Commit(); !errors.Is(err, sqlguard.ErrReadOnly) {
		t.Errorf("COMMIT after a refusal: %v", err)
	}
	if _, err := conn.ExecContext(context.Background(), "INSERT INTO views VALUES (1)"); err != nil {
		t.Errorf("what the policy skips: %v", err)
	}
	var orders, sum, views int
	const count = "SELECT count(*), sum(n), (SELECT count(*) FROM views) FROM orders"
	if err := conn.QueryRowContext(context.Background(), count).Scan(&orders, &sum, &views); err != nil {
		t.Fatal(err)
	}
	if orders != 1 || sum != 1 || views != 0 {
		t.Errorf("%d orders with the sum %d, and %d views", orders, sum, views)
	}
}

// wantEvent looks for the one event of the one refusal whose context has a span.
func wantEvent(t *testing.T, spans []sdktrace.ReadOnlySpan, on string) {
	t.Helper()
	found := map[string]int{}
	for _, s := range spans {
		if s.InstrumentationScope().Name == otelguard.Scope {
			t.Errorf("a span of our own: %s", s.Name())
		}
		for _, e := range s.Events() {
			if e.Name != otelguard.EventRefused {
				continue
			}
			if !slices.Contains(e.Attributes, attribute.String("db.operation.name", "UPDATE")) {
				continue // of statements that ran without a span of the request's
			}
			found[s.Name()]++
			for _, want := range []attribute.KeyValue{
				attribute.String("db.system.name", "sqlite"), attribute.String("db.collection.name", "orders"),
				attribute.String("quiesce.mode", "read-only"),
			} {
				if !slices.Contains(e.Attributes, want) {
					t.Errorf("no %v in %v", want, e.Attributes)
				}
			}
			for _, a := range e.Attributes {
				if a.Key == "db.query.text" || a.Value.String() == "41" {
					t.Errorf("the event tells %v", a)
				}
			}
		}
	}
	if len(found) != 1 || found[on] != 1 {
		t.Errorf("events on %v, not one on %s", found, on)
	}
}

func TestARefusalWithoutASpanIsNoTrouble(t *testing.T) {
	guard := newGuard(t)
	telemetry, err := otelguard.Start(otelguard.Config{Guard: guard})
	if err != nil {
		t.Fatal(err)
	}
	db := newDatabase(t, guard)
	hold(t, guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
	if _, err := db.Exec("DELETE FROM orders"); !errors.Is(err, sqlguard.ErrReadOnly) {
		t.Error(err)
	}
	for range 2 {
		if err := telemetry.Stop(); err != nil {
			t.Error(err)
		}
	}
}
