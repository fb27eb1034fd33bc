package readme_test

import (
	"bytes"
	"database/sql"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

var buildFlags []string

// engine is one of the README's quick starts.
type engine struct {
	name string
	bare string // the driver's own name
	dsn  func(t *testing.T) string
	// lines is what a block of the README prints in place of PostgreSQL's lines; empty for
	// PostgreSQL itself.
	lines string
	// where is the DSN that the README prints.
	where string
	notes string
}

var engines = []engine{
	{
		name: "PostgreSQL", bare: "pgx", where: "postgres://app@localhost/app",
		dsn:   func(t *testing.T) string { return testdb.Postgres(t).Database(t) },
		notes: "CREATE TABLE notes (id serial PRIMARY KEY, text text)",
	},
	{
		name: "MySQL and MariaDB", bare: "mysql", where: "app@tcp(localhost)/app", lines: "guarded-mysql",
		dsn:   func(t *testing.T) string { return testdb.MariaDB(t).Database(t) },
		notes: "CREATE TABLE notes (id int AUTO_INCREMENT PRIMARY KEY, text text)",
	},
	{
		name: "SQLite", bare: "sqlite", where: "file:app.db", lines: "guarded-sqlite",
		dsn:   func(t *testing.T) string { return "file:" + filepath.Join(t.TempDir(), "app.db") },
		notes: "CREATE TABLE notes (id integer PRIMARY KEY, text text)",
	},
}

// program returns the README's program for an engine, speaking to a database
// and listening at an address.
func (e engine) program(t *testing.T, dsn, addr string) string {
	t.Helper()
	text := goBlock(t, "func main()")
	if lines := strings.Count(text, "\n"); lines >= 20 {
		t.Errorf("the quick start has %d lines, want fewer than 20", lines)
	}
	if e.lines != "" {
		variant := goBlock(t, e.lines)
		for _, prefix := range []string{`_ "github.com/quiescehq/quiesce/driver/`, "db, err := sql.Open("} {
			text = replace(t, text, line(t, text, prefix), line(t, variant, prefix))
		}
	}
	text = replace(t, text, e.where, dsn)
	return replace(t, text, "localhost:8080", addr)
}

// build builds a program of these files, and returns the binary's path.
func build(t *testing.T, files map[string]string) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in PATH; it is needed to build the README's programs")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "program")
	args := slices.Concat([]string{"build"}, buildFlags, []string{"-o", bin})
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("the README's program does not build: %v\n%s", err, out)
	}
	return bin
}

// freeAddress returns a loopback address that was free just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// environment returns this process's own, without the variables of the modes.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{sqlguard.EnvReadOnly, sqlguard.EnvGetOnly, sqlguard.EnvMode}, name)
	})
}

// serve starts a program and waits until it answers.
func serve(t *testing.T, bin, addr string, env ...string) {
	t.Helper()
	cmd := exec.Command(bin)
	cmd.Env = append(environment(), env...)
	start(t, cmd, addr)
}

// start starts a command and waits until something answers at each of the addresses.
func start(t *testing.T, cmd *exec.Cmd, addrs ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	for len(addrs) > 0 {
		conn, err := net.Dial("tcp", addrs[0])
		if err == nil {
			conn.Close()
			addrs = addrs[1:]
			continue
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the program ended: %v\n%s", err, out.String())
		case <-time.After(10 * time.Millisecond): // a listening socket gives no event to wait for
		}
	}
}

func TestTheQuickStarts(t *testing.T) {
	routes, err := os.ReadFile("testdata/routes.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			dsn, addr := e.dsn(t), freeAddress(t)
			db, err := sql.Open(e.bare, dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(e.notes); err != nil {
				t.Fatal(err)
			}
			bin := build(t, map[string]string{"main.go": e.program(t, dsn, addr), "routes.go": string(routes)})

			t.Run("off, a form writes", func(t *testing.T) {
				serve(t, bin, addr)
				expect(t, "POST", addr, http.StatusOK, "", "")
				expect(t, "GET", addr, http.StatusOK, "", "1")
			})
			for _, tt := range modesOfTheREADME(t) {
				t.Run(tt.env, func(t *testing.T) {
					serve(t, bin, addr, tt.env)
					expect(t, "GET", addr, http.StatusOK, tt.header, "1")
					if strings.Contains(tt.header, "read-only") {
						expect(t, "POST", addr, http.StatusServiceUnavailable, tt.header, "")
					}
				})
			}
			t.Run("neither true nor false is an error that names the variable", func(t *testing.T) {
				cmd := exec.Command(bin)
				cmd.Env = append(environment(), "READ_ONLY_MODE=maybe")
				out, err := cmd.CombinedOutput()
				if err == nil || !strings.Contains(string(out), "READ_ONLY_MODE") {
					t.Errorf("it ended with %v, and said:\n%s", err, out)
				}
			})
		})
	}
}

// expect sends a request and checks the answer.
func expect(t *testing.T, method, addr string, status int, header, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status || resp.Header.Get("Quiesce-Mode") != header {
		t.Errorf("%s answers %d with Quiesce-Mode %q, want %d and %q:\n%s",
			method, resp.StatusCode, resp.Header.Get("Quiesce-Mode"), status, header, text)
	}
	if body != "" && strings.TrimSpace(string(text)) != body {
		t.Errorf("%s answers %q, want %q", method, text, body)
	}
}

// mode is a row of the README's table of modes.
type mode struct{ env, header string }

// modesOfTheREADME returns the rows that set a variable, with the header that
// answers then have.
func modesOfTheREADME(t *testing.T) []mode {
	t.Helper()
	headers := map[string]string{
		"observe": "observe", "read-only": "read-only",
		"+ anonymous": "read-only, anonymous", "+ get-only": "read-only, get-only",
	}
	text, err := os.ReadFile(theREADME)
	if err != nil {
		t.Fatal(err)
	}
	var modes []mode
	for l := range strings.Lines(string(text)) {
		cells := strings.Split(l, "|")
		if len(cells) < 3 {
			continue
		}
		env := strings.TrimSpace(cells[2])
		if header, ok := headers[strings.TrimSpace(cells[1])]; ok {
			modes = append(modes, mode{strings.Trim(env, "`"), header})
		}
	}
	if len(modes) != len(headers) {
		t.Fatalf("the README's table has %d of the rows %v", len(modes), headers)
	}
	return modes
}

func TestThePolicyAndTheSwitchOfTheREADME(t *testing.T) {
	program := `package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

func insert(table string) sqlguard.Decision {
	v := sqlguard.Verdict{Class: sqlguard.Write, Op: sqlguard.OpInsert, Complete: true,
		Tables: []sqlguard.Table{{Name: table, Op: sqlguard.OpInsert}}}
	d, _ := sqlguard.Default().Decide(context.Background(), "test", &v)
	return d
}

func drain() {
	ctx := context.Background()
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	` + goBlock(t, ".Drain(") + `
}

func main() {
	{
		` + goBlock(t, "SetPolicy(") + `
		fmt.Println(err)
	}
	{
		` + replace(t, goBlock(t, ".Hold("), "sqlguard.Default().Release", `
		s := sqlguard.Default().State()
		fmt.Println(err, s.Mode, s.Anonymous, s.Message)
		fmt.Println(insert("page_views") == sqlguard.Drop, insert("notes") == sqlguard.Refuse)
		drain()
		sqlguard.Default().Release`) + `
		fmt.Println(sqlguard.Default().Mode())
	}
}
`
	out, err := exec.Command(build(t, map[string]string{"main.go": program})).CombinedOutput()
	want := "<nil>\n<nil> read-only true We are moving house. Back at six.\ntrue true\n" +
		"nothing can be committed any more: 0 statements and transactions were waited for, and all are over after …\noff\n"
	if got := regexp.MustCompile(`(over after )\d\S*`).ReplaceAllString(string(out), "${1}…"); err != nil || got != want {
		t.Errorf("it ended with %v, and printed:\n%swant:\n%s", err, out, want)
	}
}

func TestTheCommandsOfTheREADME(t *testing.T) {
	var commands []string
	for _, b := range blocks(t, theREADME) {
		if b.language == "sh" {
			commands = append(commands, strings.Split(strings.TrimSpace(b.text), "\n")...)
		}
	}
	// The site's own tests run it, and this test is run by the other.
	if want := []string{"go run ./examples/site", "make test"}; !slices.Equal(commands, want) {
		t.Fatalf("the README's commands are %q, want %q", commands, want)
	}
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not in PATH; Debian's package is make")
	}
	cmd := exec.Command("make", "--dry-run", "test")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "go test -race") {
		t.Errorf("make test would not run the tests: %v\n%s", err, out)
	}
	cmd = exec.Command("go", "vet", "./examples/site")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("there is no site to run: %v\n%s", err, out)
	}
}
