package integration

import (
	"database/sql"
	"fmt"
	"html"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// visitors are how a site knows who its visitors are.
type visitors struct {
	around func(http.Handler) http.Handler
	user   func(*http.Request) string // empty for a guest
	logIn  func(w http.ResponseWriter, r *http.Request, user string) error
}

// byCookie takes the visitor's word for it.
func byCookie(*testing.T, *sql.DB) visitors {
	return visitors{
		around: func(next http.Handler) http.Handler { return next },
		user: func(r *http.Request) string {
			cookie, err := r.Cookie("session")
			if err != nil {
				return ""
			}
			return cookie.Value
		},
		logIn: func(w http.ResponseWriter, _ *http.Request, user string) error {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: user, Path: "/"})
			return nil
		},
	}
}

// stack is a site as somebody built it, around the middleware and inside of it.
type stack struct {
	name     string
	config   httpmode.Config
	rules    []sqlguard.Rule
	visitors func(*testing.T, *sql.DB) visitors
	// token returns the field against forgery that a form has.
	token func(*http.Request) (name, value string)
	// build puts the routes and the middleware together.
	build func(a *app, m *httpmode.Middleware) http.Handler
	// server changes the server before it starts.
	server func(*http.Server)
}

// app is the site itself. It knows nothing of modes.
type app struct {
	visitors
	db    *sql.DB
	token func(*http.Request) (name, value string)
}

// route is a page of the site.
type route struct {
	method, path string
	handle       http.HandlerFunc
}

func (a *app) routes() []route {
	return []route{
		{"GET", "/", a.home},
		{"GET", "/account", a.account},
		{"GET", "/login", a.home},
		{"POST", "/login", a.signIn},
		{"GET", "/comments", a.form},
		{"POST", "/comments", a.save},
		{"PUT", "/comments", a.save},
		{"POST", "/subscribe", a.save},
		{"POST", "/search", a.save}, // it keeps what is looked for
		{"GET", "/visit", a.visit},
	}
}

// mux is the site by the standard library.
func (a *app) mux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		path := r.path
		if path == "/" {
			path = "/{$}"
		}
		mux.HandleFunc(r.method+" "+path, r.handle)
	}
	return mux
}

// page writes a page, of a length that is worth compressing.
func (a *app) page(w http.ResponseWriter, r *http.Request, text string) {
	user := a.user(r)
	if user == "" {
		user = "guest"
	}
	notice := ""
	if httpmode.FromContext(r.Context()).Converted {
		notice = "<p>Nothing was saved.</p>"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<h1>Hello, %s</h1>%s%s<!--%s-->", html.EscapeString(user), notice, text, strings.Repeat("filler ", 400))
}

func (a *app) home(w http.ResponseWriter, r *http.Request) { a.page(w, r, "") }

func (a *app) account(w http.ResponseWriter, r *http.Request) {
	if a.user(r) == "" {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	a.page(w, r, "your account")
}

func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	if err := a.logIn(w, r, r.FormValue("user")); err != nil {
		http.Error(w, "no log in", http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, "welcome")
}

func (a *app) form(w http.ResponseWriter, r *http.Request) {
	name, value := a.token(r)
	a.page(w, r, fmt.Sprintf(`<form method="post"><input name="%s" value="%s"><input name="text" value=""></form>`,
		html.EscapeString(name), html.EscapeString(value)))
}

func (a *app) save(w http.ResponseWriter, r *http.Request) {
	if err := a.insert(r, r.FormValue("text")); err != nil {
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, "saved")
}

// visit is a page that writes although it should only read.
func (a *app) visit(w http.ResponseWriter, r *http.Request) {
	if err := a.insert(r, "a visit"); err != nil {
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	}
	a.page(w, r, "visited")
}

func (a *app) insert(r *http.Request, text string) error {
	_, err := a.db.ExecContext(r.Context(), "INSERT INTO comments (author, text) VALUES (?, ?)", a.user(r), text)
	return err
}

// newDatabase returns a pool that a guard of its own guards.
func newDatabase(t *testing.T, rules []sqlguard.Rule) (*sql.DB, *sqlguard.Guard) {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{Rules: rules}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "site.db")
	db, err := sqlite.Open("file:"+file+"?_pragma=busy_timeout(5000)&_pragma=synchronous(OFF)", guard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	_, err = db.Exec(`CREATE TABLE comments (author text, text text);
		CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`)
	if err != nil {
		t.Fatal(err)
	}
	return db, guard
}

func (s stack) serve(t *testing.T, http2 bool) *site {
	t.Helper()
	db, guard := newDatabase(t, s.rules)
	cfg := s.config
	cfg.Guard = guard
	cfg.Reads = append(cfg.Reads, "POST /search")
	cfg.LoginPaths = append(cfg.LoginPaths, "/login")
	mode, err := httpmode.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a := &app{db: db, token: s.token}
	if a.token == nil {
		a.token = func(*http.Request) (string, string) { return "nothing", "" }
	}
	if s.visitors == nil {
		s.visitors = byCookie
	}
	a.visitors = s.visitors(t, db)
	if s.build == nil {
		s.build = func(a *app, m *httpmode.Middleware) http.Handler { return m.Handler(a.around(a.mux())) }
	}
	return start(t, http2, s.server, &site{app: a, guard: guard, mode: mode}, s.build(a, mode))
}
