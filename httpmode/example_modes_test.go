package httpmode_test

import (
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// under returns a site's handler with a mode in force around it.
func under(change sqlguard.Change, cfg httpmode.Config, site http.HandlerFunc) http.Handler {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	cfg.Guard = guard
	mode, err := httpmode.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	if err := guard.Hold("migration", change); err != nil {
		log.Fatal(err)
	}
	return mode.Handler(site)
}

// In anonymous mode everybody appears logged out, and is logged in again afterwards: cookies
// do not reach the site, and none is set or expired. Those that say nothing of who it is are kept.
func ExampleConfig_anonymous() {
	handler := under(sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true}, httpmode.Config{
		KeepCookies: []string{"locale"}, LoginPaths: []string{"/login"},
	}, func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the site sees", r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "session", MaxAge: -1})
	})
	r := httptest.NewRequest("GET", "/talks", nil)
	r.Header.Set("Cookie", "session=c2VjcmV0; locale=de")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println("the visitor gets", w.Code, w.Header()["Set-Cookie"])
	// Output:
	// the site sees locale=de
	// the visitor gets 200 []
}

// In get-only mode a form that a browser posts becomes a GET of the same page, with nothing
// of what was typed; what a program posts is refused.
func ExampleConfig_getOnly() {
	handler := under(sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true}, httpmode.Config{},
		func(w http.ResponseWriter, r *http.Request) { fmt.Println("the site sees", r.Method, r.URL) })
	for _, contentType := range []string{"application/x-www-form-urlencoded", "application/json"} {
		r := httptest.NewRequest("POST", "/talks/1", strings.NewReader(url.Values{"comment": {"Fine"}}.Encode()))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(contentType, w.Code)
	}
	// Output:
	// the site sees GET /talks/1
	// application/x-www-form-urlencoded 200
	// application/json 503
}

// Pages ask what is in force, to leave out the buttons that would not work.
func ExampleFromContext() {
	page := template.Must(template.New("").Parse(
		"{{if .ReadOnly}}{{with .Message}}<p>{{.}}</p>{{end}}{{else}}<button>Save</button>{{end}}\n"))
	handler := under(sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "Back at six."}, httpmode.Config{},
		func(w http.ResponseWriter, r *http.Request) { page.Execute(w, httpmode.FromContext(r.Context())) })
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/talks/1", nil))
	fmt.Print(w.Body)
	// Output: <p>Back at six.</p>
}

// The page that refuses a form may be the site's own. It gives back what was typed.
func ExampleConfig_template() {
	page := template.Must(template.New("").Parse(
		"{{.SiteName}} cannot save this right now.{{range .Form.Fields}} You wrote: {{.Value}}{{end}}\n"))
	handler := under(sqlguard.Change{Mode: sqlguard.ReadOnly}, httpmode.Config{Template: page, SiteName: "Talks"}, http.NotFound)
	r := httptest.NewRequest("POST", "/talks/1", strings.NewReader("comment=A+fine+talk."))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 503 Talks cannot save this right now. You wrote: A fine talk.
}

// Routes whose methods do not say what they do are named. The most specific pattern decides.
func ExampleConfig_routes() {
	handler := under(sqlguard.Change{Mode: sqlguard.ReadOnly}, httpmode.Config{
		Reads:   []string{"POST /search", "POST /reports/{name}/preview"},
		Writes:  []string{"GET /verify/{token}", "/reports/"},
		Exempt:  []string{"/healthz", "/panel/"},
		GraphQL: []string{"/graphql"},
	}, func(http.ResponseWriter, *http.Request) {})
	for _, request := range []string{
		"POST /search", "POST /reports/june/preview", "GET /reports/june", "GET /verify/abc", "POST /panel/off",
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		fmt.Println(request, w.Code)
	}
	// Output:
	// POST /search 200
	// POST /reports/june/preview 200
	// GET /reports/june 503
	// GET /verify/abc 503
	// POST /panel/off 200
}
