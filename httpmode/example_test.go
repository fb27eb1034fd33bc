package httpmode_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

func Example() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mode, err := httpmode.New(httpmode.Config{
		Guard:  guard,
		Reads:  []string{"POST /search"},
		Writes: []string{"GET /verify/{token}"},
		Exempt: []string{"GET /healthz"},
	})
	if err != nil {
		log.Fatal(err)
	}
	site := http.NewServeMux()
	site.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	site.Handle("GET /status", mode.StatusHandler())
	handler := mode.Handler(site)

	if err := guard.Hold("migration", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		log.Fatal(err)
	}
	for _, request := range []string{"GET /talks", "POST /search", "POST /talks", "GET /verify/abc"} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		fmt.Println(request, "→", w.Code, w.Header().Get("Quiesce-Mode"))
	}
	// Output:
	// GET /talks → 200 read-only
	// POST /search → 200 read-only
	// POST /talks → 503 read-only
	// GET /verify/abc → 503 read-only
}

// Open pages are told what is announced, and when it begins.
func ExampleMiddleware_StatusHandler() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mode, err := httpmode.New(httpmode.Config{Guard: guard})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /status", mode.StatusHandler())
	mux.Handle("GET /banner.js", httpmode.BannerHandler())

	begin := time.Now().Add(time.Hour)
	end := begin.Add(30 * time.Minute)
	for _, change := range []sqlguard.Change{
		{Announced: begin, Until: end, Message: "We move to a new host."},
		{Mode: sqlguard.ReadOnly, Until: end, Message: "We are moving."},
	} {
		if err := guard.Hold("migration", change); err != nil {
			log.Fatal(err)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", "/status", nil))
		var told httpmode.Info
		if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil {
			log.Fatal(err)
		}
		fmt.Println(told.Mode, told.Message, !told.Announced.IsZero())
	}
	// Output:
	// off We move to a new host. true
	// read-only We are moving. false
}

// A central error handler lets WriteError answer for what the guard refused.
func ExampleMiddleware_WriteError() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mode, err := httpmode.New(httpmode.Config{Guard: guard})
	if err != nil {
		log.Fatal(err)
	}
	fail := func(w http.ResponseWriter, r *http.Request, err error) {
		if mode.WriteError(w, r, err) {
			return
		}
		http.Error(w, "something went wrong", http.StatusInternalServerError)
	}
	w := httptest.NewRecorder()
	fail(w, httptest.NewRequest("POST", "/", nil), fmt.Errorf("save talk: %w", sqlguard.ErrReadOnly))
	fmt.Println(w.Code, strings.Split(w.Body.String(), "\n")[0])
	// Output:
	// 503 This can’t be saved right now
}

// A smoke test writes while writing is still closed for everybody else.
func ExampleSignBypass() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	key := []byte("32 random bytes, from your vault") // as openssl rand makes them
	mode, err := httpmode.New(httpmode.Config{Guard: guard, BypassKey: key})
	if err != nil {
		log.Fatal(err)
	}
	handler := mode.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "saved")
	}))
	if err := guard.Hold("migration", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		log.Fatal(err)
	}
	token, err := httpmode.SignBypass(key, "smoke test after the migration", time.Now().Add(10*time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	for _, token := range []string{"", token} {
		r := httptest.NewRequest("POST", "/talks", nil)
		r.Header.Set(httpmode.HeaderBypass, token)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Header().Get("Quiesce-Mode"))
	}
	// Output:
	// 503 read-only
	// 200 read-only
}
