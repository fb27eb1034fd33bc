package guardtest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/guardtest"
)

// newShop returns a small site whose page writes, which it should not, with its guard.
func newShop(folder string) (*sqlguard.Guard, http.Handler) {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	db, err := sqlite.Open("file:"+filepath.Join(folder, "shop.db"), guard)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE orders (n); CREATE TABLE visits (n)"); err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		db.ExecContext(r.Context(), "UPDATE visits SET n = n + 1")
	})
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		db.ExecContext(r.Context(), "INSERT INTO orders VALUES (1)")
	})
	return guard, mux
}

// In a test t is the test's own, and fails at its end.
func ExampleHandler() {
	folder, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	t := &fakeTB{}
	guard, shop := newShop(folder)

	watched := guardtest.Handler(t, guardtest.Config{Guard: guard}, shop)
	watched.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/orders/1", nil))
	watched.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/orders", nil)) // which may write

	for _, failure := range t.end() {
		what, _, _ := strings.Cut(failure, " by ") // and then the function, its file and the line
		fmt.Println(what)
	}
	// Output: a request that should only read writes: UPDATE (visits) in GET /orders/1
}

func ExampleNewServer() {
	_ = func(t *testing.T) {
		t.Parallel()
		guard, shop := newShop(t.TempDir())
		server := guardtest.NewServer(t, guardtest.Config{Guard: guard}, shop)
		response, err := server.Client().Get(server.URL + "/orders/1")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
}

// What a job would lose is listed, and happens all the same. With ReadOnly in place of Observe it
// is refused.
func ExampleObserve() {
	folder, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	db, err := sqlite.Open("file:"+filepath.Join(folder, "shop.db"), guard)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	job := func(ctx context.Context) {
		db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS stock (n)")
		db.ExecContext(ctx, "INSERT INTO stock VALUES (1)")
		db.QueryRowContext(ctx, "SELECT count(*) FROM stock").Scan(new(int))
	}

	t := &fakeTB{} // in a test, the test's own
	defer t.end()
	list := guardtest.Observe(t, guardtest.Config{Guard: guard})
	job(list.Context(context.Background()))
	for _, f := range list.Findings() {
		fmt.Println(f.Op, f.Tables, f.Refused)
	}
	// Output:
	// CREATE TABLE [stock] false
	// INSERT [stock] false
}

// With SQLGUARD_MODE=observe go test -v ./... the suite lists what read-only mode would refuse of it.
func ExampleMain() {
	_ = func(m *testing.M) { // TestMain
		os.Exit(guardtest.Main(m, guardtest.Config{Guard: sqlguard.Default()}))
	}
}
