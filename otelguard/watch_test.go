package otelguard_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/quiescehq/quiesce/otelguard"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

// openBare opens a pool that no guard wraps.
func openBare(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t *testing.T, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

const (
	writers = "quiesce_unguarded_writers"
	failing = "quiesce_verification_failing"
	nothing = -1
)

func TestUnguardedWritersAreWatchedForWhileWritingIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := measure(t, newGuard(t), otelguard.Config{})
		file := filepath.Join(t.TempDir(), "app.db")
		db := openBare(t, file)
		mustExec(t, db, "CREATE TABLE orders (n)")
		writer, err := openBare(t, file).Conn(t.Context()) // a cron job
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- m.telemetry.Watch(ctx, verify.Config{DB: db, Dialect: verify.SQLite}, time.Minute)
		}()
		after := func(d time.Duration, want, fails float64) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			m.want(t, map[string]float64{writers: want, failing: fails})
		}
		mustExec(t, writer, "BEGIN IMMEDIATE")
		after(10*time.Minute, nothing, nothing) // writing is open
		hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
		after(50*time.Second, nothing, nothing)                                           // what is open then may end
		hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "Back soon."}) // which closes nothing anew
		after(20*time.Second, 1, 0)
		mustExec(t, writer, "COMMIT")
		after(time.Minute+10*time.Second, 0, 0)
		mustExec(t, writer, "BEGIN IMMEDIATE")
		after(time.Minute+10*time.Second, 1, 0)
		m.guard.Release("test")
		after(0, nothing, nothing)
		after(10*time.Minute, nothing, nothing)
		hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
		after(70*time.Second, 1, 0)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
		after(0, nothing, nothing)
	})
}

func TestAVerificationThatFailsIsToldOf(t *testing.T) {
	var told []string
	before := otel.GetErrorHandler()
	defer otel.SetErrorHandler(before)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { told = append(told, err.Error()) }))
	synctest.Test(t, func(t *testing.T) {
		m := measure(t, newGuard(t), otelguard.Config{})
		folder := t.TempDir()
		db := openBare(t, filepath.Join(folder, "gone", "app.db"))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.telemetry.Watch(ctx, verify.Config{DB: db, Dialect: verify.SQLite}, 0) }()
		hold(t, m.guard, sqlguard.Change{Mode: sqlguard.ReadOnly})
		time.Sleep(otelguard.DefaultEvery + 10*time.Second)
		synctest.Wait()
		m.want(t, map[string]float64{failing: 1, writers: nothing})
		time.Sleep(otelguard.DefaultEvery) // it tries again
		synctest.Wait()
		if len(told) != 2 || !strings.HasPrefix(told[0], "otelguard: verify: ") {
			t.Errorf("told %q", told)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestAWatchThatIsWronglyConfiguredIsNone(t *testing.T) {
	m := measure(t, newGuard(t), otelguard.Config{})
	err := m.telemetry.Watch(t.Context(), verify.Config{Dialect: verify.SQLite}, 0)
	if err == nil || !strings.Contains(err.Error(), "Config.DB is nil") {
		t.Error(err)
	}
}
