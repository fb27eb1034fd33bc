package night_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
	"github.com/quiescehq/quiesce/internal/testdb"
)

// move is a site that is moved from MariaDB to PostgreSQL.
type move struct {
	t               *testing.T
	from, to, store string       // DSNs
	program         string       // the site's
	turning         sync.RWMutex // held for reading by what goes to the old place
	target          atomic.Pointer[url.URL]
	proxy           *httptest.Server
	old             *exec.Cmd
}

// startSite starts a process of the site, and returns its address.
func (m *move) startSite(db string) (*exec.Cmd, *url.URL) {
	cmd := exec.Command(m.program, "-addr", "127.0.0.1:0", "-db", db, "-store", m.store, "-token", "let-me-flip")
	out, err := cmd.StdoutPipe()
	if err == nil {
		cmd.Stderr = io.Discard
		err = cmd.Start()
	}
	if err != nil {
		m.t.Error(err)
		return cmd, nil
	}
	m.t.Cleanup(func() { cmd.Process.Kill() })
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := address.FindString(lines.Text()); found != "" {
			go io.Copy(io.Discard, out)
			u, _ := url.Parse(found)
			return cmd, u
		}
	}
	m.t.Error("the site does not say where it is")
	return cmd, nil
}

// turn sends visitors to a site on the new database, and ends the old one when nothing is on its way there.
func (m *move) turn(w http.ResponseWriter, r *http.Request) {
	_, u := m.startSite(m.to)
	if u == nil {
		http.Error(w, "the new site does not start", http.StatusInternalServerError)
		return
	}
	m.turning.Lock()
	m.target.Store(u)
	m.turning.Unlock()
	m.old.Process.Signal(syscall.SIGTERM)
	if err := m.old.Wait(); err != nil {
		m.t.Errorf("the old site: %v", err)
	}
}

// pass sends a visitor to the site.
func (m *move) pass(w http.ResponseWriter, r *http.Request) {
	m.turning.RLock()
	defer m.turning.RUnlock()
	(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(m.target.Load()) }}).ServeHTTP(w, r)
}

// visitor is somebody with a browser, who is logged in.
func (m *move) visitor() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		m.t.Fatal(err)
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := c.PostForm(m.proxy.URL+"/login", url.Values{"login": {"ada"}, "password": {"stillwater"}})
	if err != nil {
		m.t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusSeeOther {
		m.t.Fatalf("log in: %s", r.Status)
	}
	return c
}

// load is what visitors have done.
type load struct {
	reads, refused atomic.Int64
	mu             sync.Mutex
	accepted       []string
}

// read reads pages until ctx ends. Every one must come.
func (l *load) read(ctx context.Context, m *move, c *http.Client) {
	for n := 0; ctx.Err() == nil; n++ {
		r, err := c.Get(m.proxy.URL + []string{"/", "/talks/4"}[n%2])
		if err != nil {
			m.t.Errorf("a read failed: %v", err)
			return
		}
		page, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK || !strings.Contains(string(page), "Log out") {
			m.t.Errorf("a read failed: %s, %v, or somebody was logged out", r.Status, err)
			return
		}
		l.reads.Add(1)
	}
}

// write writes comments until ctx ends. Each is accepted, or refused by the page with the text in it.
func (l *load) write(ctx context.Context, m *move, c *http.Client, who int) {
	for n := 0; ctx.Err() == nil; n++ {
		text := fmt.Sprintf("load %d of visitor %d", n, who)
		body := strings.NewReader(url.Values{"comment": {text}}.Encode())
		r, _ := http.NewRequest(http.MethodPost, m.proxy.URL+"/talks/4", body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html")
		answer, err := c.Do(r)
		if err != nil {
			m.t.Errorf("a write failed: %v", err)
			return
		}
		page, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		switch {
		case answer.StatusCode == http.StatusSeeOther:
			l.mu.Lock()
			l.accepted = append(l.accepted, text)
			l.mu.Unlock()
		case answer.StatusCode == http.StatusServiceUnavailable && strings.Contains(string(page), text) && strings.Contains(string(page), "Send again"):
			l.refused.Add(1)
		default:
			m.t.Errorf("a write got %s, and not the kind answer", answer.Status)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestASiteMovesFromMariaDBToPostgreSQLUnderLoad(t *testing.T) {
	t.Parallel()
	p := build(t)
	site := filepath.Join(t.TempDir(), "site")
	if out, err := exec.Command("go", "build", "-tags", "postgres", "-o", site, "../../../../examples/site").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	postgres := testdb.Postgres(t)
	c, err := mysql.ParseDSN(testdb.MariaDB(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	from := url.URL{Scheme: "mariadb", User: url.User(c.User), Path: "/" + c.DBName, RawQuery: url.Values{"socket": {c.Addr}}.Encode()}
	m := &move{t: t, from: from.String(), to: postgres.Database(t), store: postgres.Database(t), program: site}
	quiesce := func(args ...string) *exec.Cmd {
		cmd := exec.Command(p.quiesce, args...)
		cmd.Env = append(os.Environ(), "QUIESCE_STORE="+m.store, "QUIESCE_ACTOR=the test")
		return cmd
	}
	if out, err := quiesce("init").CombinedOutput(); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}

	var at *url.URL
	if m.old, at = m.startSite(m.from); at == nil {
		t.FailNow()
	}
	m.target.Store(at)
	m.proxy = httptest.NewServer(http.HandlerFunc(m.pass))
	defer m.proxy.Close()
	hook := httptest.NewServer(http.HandlerFunc(m.turn))
	defer hook.Close()

	var l load
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	for who := range 2 {
		reader, writer := m.visitor(), m.visitor()
		all.Go(func() { l.read(ctx, m, reader) })
		all.Go(func() { l.write(ctx, m, writer, who) })
	}
	l.await(t, 20)

	run := quiesce("run", "--reason", "to PostgreSQL", "--message", "We move.", "--tail", "1s", "--still", "1s",
		"--database", "mysql:"+c.FormatDSN(), "--", "../../../../examples/site/migrate.sh")
	run.Env = append(run.Env, "SITE="+site, "FROM="+m.from, "TO="+m.to, "TURN=curl -sf -m 60 "+hook.URL)
	out, err := run.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	l.mu.Lock()
	n := len(l.accepted)
	l.mu.Unlock()
	l.await(t, n+20) // writing goes on at the new place
	stop()
	all.Wait()
	t.Logf("%d reads, none failed; %d writes accepted, %d refused", l.reads.Load(), len(l.accepted), l.refused.Load())
	if l.refused.Load() == 0 {
		t.Error("no write was refused, so nothing was tried")
	}
	m.everyComment(&l)
	if code := run.ProcessState.ExitCode(); code != operate.ExitOK {
		t.Errorf("exit code %d", code)
	}
}

// await waits until a number of writes have been accepted.
func (l *load) await(t *testing.T, n int) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		accepted := len(l.accepted)
		l.mu.Unlock()
		switch {
		case accepted >= n:
			return
		case t.Failed() || time.Since(began) > time.Minute:
			t.Fatalf("%d writes were accepted, not %d", accepted, n)
		}
	}
}

// everyComment holds the new database to what was accepted: all of it is there, and nothing else.
func (m *move) everyComment(l *load) {
	m.t.Helper()
	db, err := sql.Open("pgx", m.to)
	if err != nil {
		m.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT body FROM comments WHERE body LIKE 'load %'`)
	if err != nil {
		m.t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]int{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			m.t.Fatal(err)
		}
		found[text]++
	}
	if err := rows.Err(); err != nil {
		m.t.Fatal(err)
	}
	for _, text := range l.accepted {
		if found[text] != 1 {
			m.t.Errorf("%q was accepted, and is there %d times", text, found[text])
		}
	}
	if len(found) != len(l.accepted) {
		m.t.Errorf("%d were accepted, and %d are there", len(l.accepted), len(found))
	}
}
