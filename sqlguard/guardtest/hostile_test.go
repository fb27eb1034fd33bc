package guardtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard/guardtest"
)

// hostile are applications that make it hard to tell which request writes.
var hostile = map[string]struct {
	app         func(t *testing.T, db *sql.DB) http.Handler
	method      string
	contextOnly bool
	want        string // in the only failure; "" if there is none
}{
	"a transaction whose statements have no context": {func(t *testing.T, db *sql.DB) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tx, err := db.BeginTx(r.Context(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer tx.Rollback()
			if _, err := tx.Exec(insert); err != nil {
				t.Error(err)
			}
		})
	}, "GET", true, "INSERT (orders) in GET /page by"},
	"a worker that a page waits for": {func(t *testing.T, db *sql.DB) http.Handler {
		work := newWorker(t, db)
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { work <- insert; <-work })
	}, "GET", false, "INSERT (orders) in GET /page by"},
	"the same, where only contexts count": {func(t *testing.T, db *sql.DB) http.Handler {
		work := newWorker(t, db)
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { work <- insert; <-work })
	}, "GET", true, ""},
	"a page for HEAD too": {func(t *testing.T, db *sql.DB) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("GET /page", running(db, insert, itself))
		return mux
	}, "HEAD", true, "in HEAD /page"},
	"a page that panics": {func(t *testing.T, db *sql.DB) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			running(db, insert, itself).ServeHTTP(w, r)
			panic(http.ErrAbortHandler)
		})
	}, "GET", false, "in GET /page"},
	"a form that sends on to a page which writes": {func(t *testing.T, db *sql.DB) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("GET /thanks", running(db, "DELETE FROM orders", itself))
		mux.HandleFunc("POST /page", func(w http.ResponseWriter, r *http.Request) {
			running(db, insert, itself).ServeHTTP(w, r)
			http.Redirect(w, r, "/thanks", http.StatusSeeOther)
		})
		return mux
	}, "POST", true, "DELETE (orders) in GET /thanks"},
	"a form that is sent on as a form": {func(t *testing.T, db *sql.DB) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("POST /moved", running(db, insert, itself))
		mux.Handle("POST /page", http.RedirectHandler("/moved", http.StatusTemporaryRedirect))
		return mux
	}, "POST", true, ""},
}

// newWorker starts a goroutine that runs the statements it is sent, with no context.
func newWorker(t *testing.T, db *sql.DB) chan string {
	work := make(chan string)
	t.Cleanup(func() { close(work) })
	go func() {
		for statement := range work {
			if _, err := db.Exec(statement); err != nil {
				t.Error(err)
			}
			work <- ""
		}
	}()
	return work
}

func TestWhoWritesIsFoundInHostileApplications(t *testing.T) {
	for name, test := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guard, db := newPool(t)
			tb := &fakeTB{TB: t}
			cfg := guardtest.Config{Guard: guard, ContextOnly: test.contextOnly}
			server := guardtest.NewServer(tb, cfg, test.app(t, db))
			request, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+"/page", strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			if response, err := server.Client().Do(request); err == nil { // it panics in one
				response.Body.Close()
			}
			if _, err := db.Exec(insert); err != nil { // no request is being answered any more
				t.Error(err)
			}
			failures := tb.end()
			if test.want == "" && len(failures) > 0 || test.want != "" && (len(failures) != 1 || !strings.Contains(failures[0], test.want)) {
				t.Errorf("failures %q, not one with %q", failures, test.want)
			}
		})
	}
}

func TestAWriteAfterTheAnswerIsFoundByItsContext(t *testing.T) {
	for name, test := range map[string]struct {
		of   func(context.Context) context.Context
		want int
	}{
		"with the request's values": {cancelledLate, 1},
		"with nothing of it":        {background, 0}, // as the documentation says
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guard, db := newPool(t)
			tb := &fakeTB{TB: t}
			answered, written := make(chan bool), make(chan error)
			page := guardtest.Handler(tb, guardtest.Config{Guard: guard}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				go func() {
					<-answered
					_, err := db.ExecContext(test.of(r.Context()), insert)
					written <- err
				}()
			}))
			page.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/page", nil))
			close(answered)
			if err := <-written; err != nil {
				t.Fatal(err)
			}
			if failures := tb.end(); len(failures) != test.want {
				t.Errorf("failures %q", failures)
			}
		})
	}
}

// TestManyParallelTestsOfOneGuardFindWhatIsTheirs has each of them write to another table.
func TestManyParallelTestsOfOneGuardFindWhatIsTheirs(t *testing.T) {
	t.Parallel()
	const tests, requests = 20, 10
	guard, db := newPool(t)
	for i := range tests {
		if _, err := db.Exec(fmt.Sprintf("CREATE TABLE t%d (n)", i)); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for i := range tests {
		all.Go(func() {
			tb := &fakeTB{TB: t}
			h := guardtest.Handler(tb, guardtest.Config{Guard: guard, ContextOnly: true},
				running(db, fmt.Sprintf("INSERT INTO t%d VALUES (1)", i), itself))
			for range requests {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprintf("/%d", i), nil))
			}
			want := fmt.Sprintf("INSERT (t%d), %d times in GET /%d by", i, requests, i)
			if failures := tb.end(); len(failures) != 1 || !strings.Contains(failures[0], want) {
				t.Errorf("failures %q, not one with %q", failures, want)
			}
		})
	}
	all.Wait()
	if guard.On() {
		t.Error("the guard is held, although all tests have ended")
	}
}
