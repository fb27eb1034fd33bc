package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// asSite makes this test binary the site itself, for tests of the process: its
// environment, its exit status, its signals.
const asSite = "QUIESCE_TEST_AS_SITE"

func TestMain(m *testing.M) {
	if os.Getenv(asSite) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

const testToken = "a token of the tests"

// seeded is a database after its first start, made once. Its passwords are
// hashed anew, for log ins that take no time.
var seeded = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "site")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "site.db")
	where, err := fileDatabase(path)
	if err != nil {
		return nil, err
	}
	if err := setUp(context.Background(), where); err != nil {
		return nil, err
	}
	if err := hashQuickly(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func hashQuickly(path string) error {
	password, err := hashPassword(demoPassword, 1)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", fileSource(path))
	if err != nil {
		return err
	}
	_, err = db.Exec("UPDATE users SET password = ?", password)
	return errors.Join(err, db.Close())
}

// newDatabase returns what -db takes for a database that is seeded already: a file,
// or one of the server that the tests are on.
func newDatabase(t *testing.T) string {
	t.Helper()
	if onServer != nil {
		return seededOn(t, onServer)
	}
	return newFile(t)
}

// seededOn returns a database of a server that is seeded already.
func seededOn(t *testing.T, server func(*testing.T) string) string {
	t.Helper()
	db := server(t)
	if err := copyDatabase(t.Context(), parse(t, newFile(t)), parse(t, db), io.Discard); err != nil {
		t.Fatal(err)
	}
	return db
}

// newFile returns the path of a database that is seeded already.
func newFile(t *testing.T) string {
	t.Helper()
	content, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "site.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// running is a site that serves, in this process.
type running struct {
	url   string
	db    string
	guard *sqlguard.Guard
	stop  func() error // stops it, and returns what run returned
}

// start runs a site on a free port. It is stopped at the end of the test, and
// must then end without an error.
func start(t *testing.T, db string) *running {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	output, stdout := io.Pipe()
	ended := make(chan error, 1)
	var stderr strings.Builder
	go func() {
		err := run(ctx, []string{"-addr", "127.0.0.1:0", "-db", db, "-token", testToken}, stdout, &stderr, guard)
		stdout.CloseWithError(io.EOF)
		ended <- err
	}()
	r := &running{db: db, guard: guard}
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("the site ended with: %v", err)
		}
		if t.Failed() {
			t.Logf("the site's log:\n%s", stderr.String())
		}
	})
	r.url = awaitAddress(t, output)
	return r
}

// awaitAddress reads a site's welcome, and returns its address.
func awaitAddress(t *testing.T, output io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(output)
	address := ""
	for lines.Scan() {
		if rest, found := strings.CutPrefix(lines.Text(), "The site "); found {
			address = strings.TrimSuffix(strings.TrimSpace(rest), "/")
		}
		if lines.Text() == "Ctrl-C stops it." {
			go io.Copy(io.Discard, output)
			return address
		}
	}
	t.Fatal("the site ended before it said its address")
	return ""
}

// visitor is a browser: it keeps cookies, and follows no redirect by itself.
type visitor struct {
	t      *testing.T
	base   string
	client *http.Client
}

func newVisitor(t *testing.T, base string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t: t, base: base, client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// loggedIn returns a visitor who is logged in as ada.
func loggedIn(t *testing.T, base string) *visitor {
	t.Helper()
	v := newVisitor(t, base)
	v.wantStatus(http.StatusSeeOther, v.post("/login", "login", "ada", "password", demoPassword))
	return v
}

// operator returns a visitor of the control panel who has entered the token.
func operator(t *testing.T, base string) *visitor {
	t.Helper()
	v := newVisitor(t, base)
	v.wantStatus(http.StatusSeeOther, v.post("/control/enter", "token", testToken))
	return v
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	body string
}

func (v *visitor) get(path string) answer {
	v.t.Helper()
	return v.send(v.request(http.MethodGet, path))
}

// post sends a form as a browser does.
func (v *visitor) post(path string, fields ...string) answer {
	v.t.Helper()
	return v.send(v.request(http.MethodPost, path, fields...))
}

func (v *visitor) request(method, path string, fields ...string) *http.Request {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r, err := http.NewRequest(method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.base)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

func (v *visitor) send(r *http.Request) answer {
	v.t.Helper()
	response, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{response, string(body)}
}

func (v *visitor) wantStatus(want int, a answer) {
	v.t.Helper()
	if a.StatusCode != want {
		v.t.Fatalf("%s %s: status %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, want, a.body)
	}
}

func (v *visitor) wantText(want string, a answer) {
	v.t.Helper()
	if !strings.Contains(a.body, want) {
		v.t.Fatalf("%s %s: no %q in\n%s", a.Request.Method, a.Request.URL.Path, want, a.body)
	}
}

func (v *visitor) wantNoText(unwanted string, a answer) {
	v.t.Helper()
	if strings.Contains(a.body, unwanted) {
		v.t.Fatalf("%s %s: there is %q in\n%s", a.Request.Method, a.Request.URL.Path, unwanted, a.body)
	}
}

// parse returns what -db names.
func parse(t *testing.T, db string) database {
	t.Helper()
	where, err := parseDatabase(db)
	if err != nil {
		t.Fatal(err)
	}
	return where
}

// openGuarded opens a site's database behind a guard.
func openGuarded(t *testing.T, db string, guard *sqlguard.Guard) store {
	t.Helper()
	data, err := openStore(t.Context(), parse(t, db), guard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { data.db.Close() })
	return data
}

// bare opens a site's database beside the guard.
func bare(t *testing.T, path string) *sql.DB {
	t.Helper()
	where := parse(t, path)
	db, err := sql.Open(where.engine.driver, where.source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// dump returns all rows of all tables.
func dump(t *testing.T, path string) string {
	t.Helper()
	db := bare(t, path)
	defer db.Close()
	var out strings.Builder
	for _, table := range []string{"users", "talks", "talk_views", "comments", "stars"} {
		rows, err := db.Query("SELECT * FROM " + table + " ORDER BY 1, 2")
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(&out, table)
			for _, value := range values {
				if b, ok := (*value.(*any)).([]byte); ok {
					*value.(*any) = string(b)
				}
				fmt.Fprintf(&out, "|%v", *value.(*any))
			}
			fmt.Fprintln(&out)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// siteCommand returns the site as a process of its own, with a folder of its
// own, and with no mode from the environment of the test.
func siteCommand(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(executable, args...)
	cmd.Env = append(os.Environ(), asSite+"=1", "HOME="+t.TempDir(), "XDG_CACHE_HOME=",
		sqlguard.EnvReadOnly+"=", sqlguard.EnvGetOnly+"=", sqlguard.EnvMode+"=")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}
