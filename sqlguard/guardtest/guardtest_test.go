package guardtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/guardtest"
)

// fakeTB is a test whose failures are looked at. Its clean-up runs when end is called.
type fakeTB struct {
	testing.TB
	sync.Mutex
	cleanups []func()
	errors   []string
	fatal    string
}

func (f *fakeTB) Helper()           {}
func (f *fakeTB) Cleanup(fn func()) { f.cleanups = append(f.cleanups, fn) }

func (f *fakeTB) Errorf(format string, args ...any) {
	f.Lock()
	defer f.Unlock()
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

type fatalCalled struct{}

func (f *fakeTB) Fatal(args ...any) {
	f.fatal = fmt.Sprint(args...)
	panic(fatalCalled{})
}

func (f *fakeTB) end() []string {
	for _, fn := range slices.Backward(f.cleanups) {
		fn()
	}
	f.cleanups = nil
	return f.errors
}

// newPool returns a guard and a pool of its own, with a table for orders and one for views,
// which the policy skips.
func newPool(t *testing.T) (*sqlguard.Guard, *sql.DB) {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{Rules: []sqlguard.Rule{
		{Tables: []string{"views"}, Action: sqlguard.Skip},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open("file:"+filepath.Join(t.TempDir(), "test.db"), guard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE orders (n); CREATE TABLE views (n)"); err != nil {
		t.Fatal(err)
	}
	return guard, db
}

// running returns a handler that runs a statement with a context made of the request's.
func running(db *sql.DB, statement string, of func(context.Context) context.Context) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := db.ExecContext(of(r.Context()), statement); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
}

func itself(ctx context.Context) context.Context      { return ctx }
func background(context.Context) context.Context      { return context.Background() }
func withReason(ctx context.Context) context.Context  { return sqlguard.WithBypass(ctx, "a test") }
func bestEffort(ctx context.Context) context.Context  { return sqlguard.WithBestEffort(ctx) }
func withoutReason(c context.Context) context.Context { return sqlguard.WithBypass(c, " ") }
func cancelledLate(c context.Context) context.Context { return context.WithoutCancel(c) }
func labelled(ctx context.Context) context.Context    { return sqlguard.WithLabel(ctx, "GET /orders") }
func byPath(prefix string) func(r *http.Request) bool {
	return func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, prefix) }
}

const insert, count = "INSERT INTO orders VALUES ('a secret')", "INSERT INTO views VALUES (1)"

func TestARequestThatShouldOnlyReadAndWritesFailsTheTest(t *testing.T) {
	for name, test := range map[string]struct {
		method, statement string
		of                func(context.Context) context.Context
		cfg               guardtest.Config
		want              string // in the only failure; "" if there is none
	}{
		"a GET that inserts":                       {"GET", insert, itself, guardtest.Config{}, "INSERT (orders) in GET /orders/1 by"},
		"a HEAD that inserts":                      {"HEAD", insert, itself, guardtest.Config{}, "INSERT (orders) in HEAD /orders/1"},
		"a QUERY that inserts":                     {"QUERY", insert, itself, guardtest.Config{}, "in QUERY /orders/1"},
		"a GET that makes a table":                 {"GET", "CREATE TABLE t (n)", itself, guardtest.Config{}, "CREATE TABLE"},
		"a GET whose write outlives its request":   {"GET", insert, cancelledLate, guardtest.Config{}, "in GET /orders/1"},
		"a GET that writes under a label":          {"GET", insert, labelled, guardtest.Config{}, "labelled GET /orders"},
		"a GET that forgets its context":           {"GET", insert, background, guardtest.Config{}, "without the context of a request"},
		"the same, where only contexts count":      {"GET", insert, background, guardtest.Config{ContextOnly: true}, ""},
		"a bypass without a reason":                {"GET", insert, withoutReason, guardtest.Config{}, "INSERT (orders)"},
		"a POST that should only read":             {"POST", insert, itself, guardtest.Config{Reads: byPath("/orders")}, "in POST /orders/1"},
		"a GET that may write":                     {"GET", insert, itself, guardtest.Config{Reads: byPath("/pages")}, ""},
		"a GET that reads":                         {"GET", "SELECT n FROM orders", itself, guardtest.Config{}, ""},
		"a GET that writes what the policy skips":  {"GET", count, itself, guardtest.Config{}, ""},
		"a GET that writes with a bypass":          {"GET", insert, withReason, guardtest.Config{}, ""},
		"a GET whose write is one of best efforts": {"GET", insert, bestEffort, guardtest.Config{}, ""},
		"a POST that inserts":                      {"POST", insert, itself, guardtest.Config{}, ""},
		"a POST that forgets its context":          {"POST", insert, background, guardtest.Config{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guard, db := newPool(t)
			test.cfg.Guard = guard
			tb := &fakeTB{TB: t}
			h := guardtest.Handler(tb, test.cfg, running(db, test.statement, test.of))
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequest(test.method, "/orders/1", nil))
			if answer.Code != http.StatusOK {
				t.Errorf("answered %d, although everything passes", answer.Code)
			}
			failures := tb.end()
			switch {
			case test.want == "" && len(failures) > 0:
				t.Errorf("it failed: %q", failures)
			case test.want != "" && (len(failures) != 1 || !strings.Contains(failures[0], test.want)):
				t.Errorf("failures %q, not one with %q", failures, test.want)
			}
			for _, f := range failures {
				if strings.Contains(f, "secret") {
					t.Errorf("a value is in %q", f)
				}
				if !strings.Contains(f, "guardtest_test.go:") {
					t.Errorf("the caller is not in %q", f)
				}
			}
			if state := guard.State(); len(state.Holds) > 0 || state.On() {
				t.Errorf("after the test the guard is held: %+v", state.Holds)
			}
		})
	}
}

func TestTheServerIsWatchedAndFindsAReadThatIsRefused(t *testing.T) {
	t.Parallel()
	guard, db := newPool(t)
	tb := &fakeTB{TB: t}
	server := guardtest.NewServer(tb, guardtest.Config{Guard: guard}, running(db, insert, itself))
	if err := guard.Hold("operator", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		response, err := server.Client().Get(server.URL + "/")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusInternalServerError {
			t.Errorf("answered %d", response.StatusCode)
		}
	}
	if failures := tb.end(); len(failures) != 1 || !strings.Contains(failures[0], "INSERT (orders), 2 times in GET /") {
		t.Errorf("failures %q", failures)
	}
	if _, err := server.Client().Get(server.URL); err == nil {
		t.Error("the server still answers")
	}
}

func TestTestsThatShareAGuardDoNotBlameEachOther(t *testing.T) {
	t.Parallel()
	guard, db := newPool(t)
	cfg := guardtest.Config{Guard: guard, ContextOnly: true}
	innocent, guilty := &fakeTB{TB: t}, &fakeTB{TB: t}
	inside, done := make(chan bool), make(chan bool)
	reading := guardtest.Handler(innocent, cfg, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		inside <- true
		<-done
	}))
	writing := guardtest.Handler(guilty, cfg, running(db, insert, itself))
	go func() {
		reading.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/read", nil))
		close(inside)
	}()
	<-inside
	writing.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/write", nil))
	running(db, insert, itself).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/other", nil))
	close(done)
	<-inside
	if failures := innocent.end(); len(failures) != 0 {
		t.Errorf("the one that reads failed: %q", failures)
	}
	if guard.Mode() != sqlguard.Observe {
		t.Error("the end of one test ended the watching of the other")
	}
	if failures := guilty.end(); len(failures) != 1 || !strings.Contains(failures[0], "GET /write") {
		t.Errorf("the one that writes: %q", failures)
	}
}

func TestAWriteWithoutContextIsNotBlamedOnAReadWhileAnotherRequestMayWrite(t *testing.T) {
	t.Parallel()
	guard, db := newPool(t)
	tb := &fakeTB{TB: t}
	forgetful := running(db, insert, background)
	var h http.Handler
	h = guardtest.Handler(tb, guardtest.Config{Guard: guard}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // and a POST comes while it is answered
			h.ServeHTTP(w, httptest.NewRequest("POST", "/orders", nil))
			return
		}
		forgetful.ServeHTTP(w, r)
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/orders", nil))
	if n := rows(t, db); n != 1 {
		t.Errorf("%d rows", n)
	}
	if failures := tb.end(); len(failures) != 0 {
		t.Errorf("it failed: %q", failures)
	}
}

func TestAGuardMustBeNamed(t *testing.T) {
	for name, call := range map[string]func(testing.TB){
		"Handler":  func(tb testing.TB) { guardtest.Handler(tb, guardtest.Config{}, http.NotFoundHandler()) },
		"Observe":  func(tb testing.TB) { guardtest.Observe(tb, guardtest.Config{}) },
		"ReadOnly": func(tb testing.TB) { guardtest.ReadOnly(tb, guardtest.Config{}) },
	} {
		t.Run(name, func(t *testing.T) {
			tb := &fakeTB{TB: t}
			defer func() {
				if recover(); !strings.Contains(tb.fatal, "Config.Guard is nil") {
					t.Errorf("it ended with %q", tb.fatal)
				}
			}()
			call(tb)
		})
	}
}
