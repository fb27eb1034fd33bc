package browser

import (
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"html/template"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// site is a guest book: ada logs in, and writes comments.
type site struct {
	*httptest.Server
	guard *sqlguard.Guard
	mode  *httpmode.Middleware
	db    *sql.DB
	after string // where who has written a comment is sent
}

const (
	sessionCookie = "__Host-session"
	csrfCookie    = "__Host-csrf"
)

// newSite serves a guest book by TLS. Config.Reads are those given.
func newSite(t *testing.T, reads ...string) *site {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open("file:"+filepath.Join(t.TempDir(), "site.db"), guard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(`CREATE TABLE comments (id INTEGER PRIMARY KEY, text TEXT);
		CREATE TABLE sessions (token TEXT PRIMARY KEY, name TEXT)`); err != nil {
		t.Fatal(err)
	}
	mode, err := httpmode.New(httpmode.Config{
		Guard: guard, SiteName: "Gopher & Friends", StatusURL: "/status", LoginPaths: []string{"/login"},
		KeepCookies: []string{csrfCookie}, Reads: reads, Writes: []string{"GET /confirm"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{guard: guard, mode: mode, db: db, after: "/"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.show)
	mux.HandleFunc("POST /comments", s.comment)
	mux.HandleFunc("GET /comments", s.show)
	mux.HandleFunc("GET /login", s.show)
	mux.HandleFunc("POST /login", s.logIn)
	mux.Handle("GET /status", mode.StatusHandler())
	mux.Handle("GET /banner.js", httpmode.BannerHandler())
	s.Server = httptest.NewUnstartedServer(mode.Handler(mux))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections) // streams would hold Close up
	return s
}

// flip has the mode changed by the operators.
func (s *site) flip(t *testing.T, change sqlguard.Change) {
	t.Helper()
	if err := s.guard.Hold("operators", change); err != nil {
		t.Fatal(err)
	}
}

// closed is read-only mode as operators would set it.
func closed() sqlguard.Change {
	return sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "We are moving to a new database.", Until: time.Now().Add(25 * time.Minute)}
}

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<title>Guest book</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="/banner.js" defer></script>
<main>
<h1>Guest book</h1>
{{if .Mode.Converted}}<p id="notice" role="status">Nothing was saved: the site is read-only.</p>{{end}}
{{if .Name}}<p id="name">{{.Name}}</p>
{{else}}<form method="post" action="/login"><label>Name <input name="name"></label> <button id="log-in">Log in</button></form>{{end}}
<ol>{{range .Comments}}<li>{{.}}</li>{{end}}</ol>
<form method="post" action="/comments">
<input type="hidden" name="csrf_token" value="{{.CSRF}}">
<label>Comment <textarea name="comment">{{.Typed}}</textarea></label>
<button id="send">Send</button>
</form>
</main>
</html>`))

func cookie(name, value string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// name returns who a request's session is of; nobody if there is none.
func (s *site) name(r *http.Request) (name string, err error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return "", nil
	}
	err = s.db.QueryRowContext(r.Context(), "SELECT name FROM sessions WHERE token = ?", c.Value).Scan(&name)
	if err == sql.ErrNoRows {
		return "", nil
	}
	return name, err
}

func (s *site) comments(r *http.Request) (texts []string, err error) {
	rows, err := s.db.QueryContext(r.Context(), "SELECT text FROM comments ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}

func (s *site) show(w http.ResponseWriter, r *http.Request) {
	name, err := s.name(r)
	var comments []string
	if err == nil {
		comments, err = s.comments(r)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if name == "" { // guests have a session too, as they have of many frameworks
		http.SetCookie(w, cookie(sessionCookie, rand.Text()))
	}
	csrf, err := r.Cookie(csrfCookie)
	if err != nil {
		csrf = cookie(csrfCookie, rand.Text())
		http.SetCookie(w, csrf)
	}
	typed := ""
	for _, f := range httpmode.FormFromContext(r.Context()).Fields {
		if f.Name == "comment" {
			typed = f.Value
		}
	}
	page.Execute(w, map[string]any{
		"Mode": httpmode.FromContext(r.Context()), "Name": name, "Comments": comments, "CSRF": csrf.Value, "Typed": typed,
	}) // an error means that the client is gone
}

func (s *site) logIn(w http.ResponseWriter, r *http.Request) {
	token := rand.Text()
	if _, err := s.db.ExecContext(r.Context(), "INSERT INTO sessions VALUES (?, ?)", token, r.FormValue("name")); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.SetCookie(w, cookie(sessionCookie, token))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *site) comment(w http.ResponseWriter, r *http.Request) {
	name, err := s.name(r)
	csrf, noCookie := r.Cookie(csrfCookie)
	switch {
	case err != nil:
	case name == "":
		http.Error(w, "log in first", http.StatusForbidden)
		return
	case noCookie != nil || subtle.ConstantTimeCompare([]byte(csrf.Value), []byte(r.PostFormValue("csrf_token"))) == 0:
		http.Error(w, "this form is of another site", http.StatusForbidden)
		return
	default:
		_, err = s.db.ExecContext(r.Context(), "INSERT INTO comments (text) VALUES (?)", r.PostFormValue("comment"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, s.after, http.StatusSeeOther)
}
