package httpmode_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// Reads go on; a request that writes gets an answer that says why, before the
// handler runs. A search by POST is declared to read.
func ExampleMiddleware_Handler() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	mode, err := httpmode.New(httpmode.Config{
		Guard:  guard,
		Reads:  []string{"POST /search"},
		Exempt: []string{"/healthz"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	site := mode.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "the handler's answer")
	}))

	guard.Hold("example", sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "Back at six."})
	for _, request := range []struct{ method, path string }{
		{"GET", "/"}, {"POST", "/search"}, {"POST", "/comments"},
	} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(request.method, request.path, nil))
		fmt.Println(request.method, request.path, w.Code, w.Header().Get("Quiesce-Mode"))
	}
	// Output:
	// GET / 200 read-only
	// POST /search 200 read-only
	// POST /comments 503 read-only
}
