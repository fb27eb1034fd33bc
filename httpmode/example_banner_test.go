package httpmode_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// A script of 2 KiB has pages that are open already show a banner, and drop it. Its hash is for
// a strict Content-Security-Policy, and for the script's element.
func ExampleBannerHandler() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mode, err := httpmode.New(httpmode.Config{Guard: guard})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /banner.js", httpmode.BannerHandler())
	mux.Handle("GET /status", mode.StatusHandler())
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src '"+httpmode.BannerIntegrity()+"'; connect-src 'self'")
		fmt.Fprintf(w, `<script src="/banner.js" integrity=%q data-status="/status" defer></script>`, httpmode.BannerIntegrity())
	})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/banner.js", nil))
	fmt.Println(w.Code, w.Body.Len() < 2048)
	// Output: 200 true
}

// Counts are for dashboards. What the middleware leaves alone is not counted.
func ExampleMiddleware_Counts() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mode, err := httpmode.New(httpmode.Config{Guard: guard})
	if err != nil {
		log.Fatal(err)
	}
	handler := mode.Handler(http.NotFoundHandler())
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil)) // the mode is off
	if err := guard.Hold("migration", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		log.Fatal(err)
	}
	for _, method := range []string{"GET", "POST", "POST"} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/", nil))
	}
	counts := mode.Counts()
	fmt.Println(counts.Passed, counts.Refused)
	// Output: 1 2
}
