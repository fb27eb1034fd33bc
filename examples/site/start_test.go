package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// runOnce runs a site that should not start, and returns what it printed to
// stderr, and its error.
func runOnce(t *testing.T, args ...string) (stderr string, err error) {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var output bytes.Buffer
	err = run(ctx, args, onWrite(cancel), &output, guard) // one that does start ends at once
	return output.String(), err
}

// onWrite is a writer that calls a function for whatever is written.
type onWrite func()

func (f onWrite) Write(p []byte) (int, error) { f(); return len(p), nil }

func TestATakenAddressIsAnErrorThatSaysSo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	addr := listener.Addr().String()
	db := filepath.Join(t.TempDir(), "site.db")
	_, err = runOnce(t, "-addr", addr, "-db", db)
	if err == nil || !strings.Contains(err.Error(), "address "+addr+" is taken") || !strings.Contains(err.Error(), "-addr") {
		t.Errorf("error: %v", err)
	}
	if _, err := os.Stat(db); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the database was touched: %v", err)
	}
}

func TestAWrongCommandLineIsAnErrorThatNamesTheFlag(t *testing.T) {
	old := newFile(t)
	if _, err := bare(t, old).Exec("PRAGMA user_version = 7"); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"an address that is none":       {[]string{"-addr", "nowhere"}, "-addr"},
		"no address":                    {[]string{"-addr", ""}, "-addr"},
		"a blank token":                 {[]string{"-token", " \t"}, "-token"},
		"an argument":                   {[]string{"serve"}, `"serve"`},
		"a folder that does not exist":  {[]string{"-db", filepath.Join(t.TempDir(), "no", "site.db")}, "site.db: no such file or directory; -db"},
		"a folder":                      {[]string{"-db", t.TempDir()}, "is a directory; -db"},
		"a file that is no database":    {[]string{"-db", text}, "notes.txt"},
		"a database of another version": {[]string{"-db", old}, "-db"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "site.db")}, test.args...)
			if _, err := runOnce(t, args...); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error: %v, want one that names %s", err, test.want)
			}
		})
	}
	output, err := runOnce(t, "-nope")
	if !errors.Is(err, errUsage) || !strings.Contains(output, "-nope") {
		t.Errorf("an unknown flag: %v, %q", err, output)
	}
	output, err = runOnce(t, "-h")
	if !errors.Is(err, flag.ErrHelp) || !strings.Contains(output, "-token") {
		t.Errorf("help: %v, %q", err, output)
	}
}

func TestANewDatabaseIsForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "site.db")
	for _, what := range []string{"new", "old"} {
		if err := createFile(path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s: mode %o; it holds the key that log ins are signed with", what, mode)
		}
		if what == "old" && info.Size() != 3 {
			t.Errorf("what was in it is gone: %d bytes", info.Size())
		}
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADatabaseMayHaveAnyName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "what? 100% of #it.db")
	if err := os.Rename(newFile(t), path); err != nil {
		t.Fatal(err)
	}
	v := newVisitor(t, start(t, path).url)
	v.wantText(">1 view<", v.get("/talks/1"))
	if !strings.Contains(dump(t, path), "talk_views|1|1\n") {
		t.Error("the view was counted in another file")
	}
}

func TestASecondStartChangesNothingAndKeepsEverybodyLoggedIn(t *testing.T) {
	path := newDatabase(t)
	first := start(t, path)
	v := loggedIn(t, first.url)
	before := dump(t, path)
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	second := start(t, path)
	if dump(t, path) != before {
		t.Error("the database has changed")
	}
	// Cookies do not know of ports, so the same jar serves.
	v.base = second.url
	v.wantText("Log out", v.get("/"))
}

func TestStoppingAnswersWhatIsInFlightAndLeavesNothingBehind(t *testing.T) {
	site := start(t, newDatabase(t))
	// A form whose second half is sent once the site is stopping.
	body, send := io.Pipe()
	r, err := http.NewRequest(http.MethodPost, site.url+"/login", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// The body is sent once the handler asks for it, so the request is in flight.
	r.Header.Set("Expect", "100-continue")
	transport := &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	inFlight := make(chan error, 1)
	go func() {
		response, err := transport.RoundTrip(r)
		if err == nil {
			response.Body.Close()
			if response.StatusCode != http.StatusSeeOther {
				err = errors.New(response.Status)
			}
		}
		inFlight <- err
	}()
	if _, err := io.WriteString(send, "login=ada&"); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- site.stop() }()
	awaitRefusal(t, site.url)
	if _, err := io.WriteString(send, "password="+demoPassword); err != nil {
		t.Fatal(err)
	}
	send.Close()
	if err := <-inFlight; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("the site ended with: %v", err)
	}
	awaitNoGoroutineIn(t, "examples/site.serve", "examples/site.run", "net/http.(*Server)", "net/http.(*conn)", "database/sql.(*DB)")
}

// awaitRefusal waits until a site takes no more connections.
func awaitRefusal(t *testing.T, address string) {
	t.Helper()
	for t.Context().Err() == nil {
		conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
		if err != nil {
			return
		}
		conn.Close()
		runtime.Gosched()
	}
}

// awaitNoGoroutineIn waits until no goroutine runs one of the functions; the
// test's own time limit ends the waiting.
func awaitNoGoroutineIn(t *testing.T, functions ...string) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for {
		text := string(stacks[:runtime.Stack(stacks, true)])
		running := false
		for _, f := range functions {
			running = running || strings.Contains(text, f)
		}
		if !running {
			return
		}
		runtime.Gosched()
	}
}

func TestTheEnvironmentStartsTheSiteClosed(t *testing.T) {
	for name, test := range map[string]struct {
		env, mode string
		db        string // where empty, it is a first start, which sets the site up
	}{
		"READ_ONLY_MODE": {sqlguard.EnvReadOnly + "=true", "read-only, anonymous", ""},
		"GET_ONLY_MODE":  {sqlguard.EnvGetOnly + "=1", "read-only, get-only", newDatabase(t)},
		"SQLGUARD_MODE":  {sqlguard.EnvMode + "=read-only", "read-only", newDatabase(t)},
	} {
		t.Run(name, func(t *testing.T) {
			p := startProcess(t, siteCommand(t, []string{test.env}, "-addr", "127.0.0.1:0", "-token", testToken, "-db", test.db))
			v := newVisitor(t, p.url)
			page := v.get("/")
			v.wantStatus(http.StatusOK, page)
			v.wantText(seedTalks[0].Title, page)
			if mode := page.Header.Get("Quiesce-Mode"); mode != test.mode {
				t.Errorf("the mode is %q, want %q", mode, test.mode)
			}
			v.wantText("0 views", v.get("/talks/1"))
			v.wantStatus(http.StatusSeeOther, v.post("/control/enter", "token", testToken))
			v.wantText("The environment asks for a mode of its own", v.get("/control"))
			v.wantStatus(http.StatusSeeOther, v.post("/control/release", "form", v.formToken(), "hold", "environment"))
			v.wantStatus(http.StatusSeeOther, v.post("/login", "login", "ada", "password", demoPassword))
			v.wantStatus(http.StatusSeeOther, v.post("/talks/1", "comment", "Hello"))
		})
	}
}

// process is a site in a process of its own.
type process struct {
	url  string
	stop func() // as Ctrl-C does; it must end well
}

func startProcess(t *testing.T, cmd *exec.Cmd) process {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, stdout := io.Pipe()
	cmd.Stdout = stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		stdout.Close()
		ended <- err
	}()
	stopped := false
	p := process{stop: func() {
		if stopped {
			return
		}
		stopped = true
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Errorf("interrupt the site: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("the site ended with %v:\n%s", err, &stderr)
		}
		if strings.Contains(stderr.String(), "level=ERROR") || strings.Contains(stderr.String(), "site: ") {
			t.Errorf("the site says:\n%s", &stderr)
		}
	}}
	t.Cleanup(p.stop)
	p.url = awaitAddress(t, output)
	return p
}

func TestAnEnvironmentThatCannotBeReadStopsTheStart(t *testing.T) {
	for _, name := range []string{sqlguard.EnvReadOnly, sqlguard.EnvGetOnly, sqlguard.EnvMode} {
		db := filepath.Join(t.TempDir(), "site.db")
		cmd := siteCommand(t, []string{name + "=perhaps"}, "-addr", "127.0.0.1:0", "-db", db)
		output, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%s: ended with %v", name, err)
		}
		if !strings.Contains(string(output), name) || !strings.Contains(string(output), `"perhaps"`) {
			t.Errorf("%s: printed %q", name, output)
		}
		if _, err := os.Stat(db); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the database was touched: %v", name, err)
		}
	}
}

func TestSignalsEndTheProcessWell(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := siteCommand(t, nil, "-addr", "127.0.0.1:0", "-db", newDatabase(t))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		output, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := make([]byte, 1)
		if _, err := io.ReadFull(output, lines); err != nil { // it has begun to say that it serves
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, output)
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("%s: ended with %v, saying %q", signal, err, &stderr)
		}
	}
}

func TestTheSiteNeedsNoCgo(t *testing.T) {
	plain := packagesOfTheSite(t)
	if !strings.Contains(plain, "modernc.org/sqlite 0 false") {
		t.Fatalf("that is no list of the site's packages:\n%s", plain)
	}
	for line := range strings.Lines(plain) {
		fields := strings.Fields(line)
		if fields[2] == "false" && fields[1] != "0" || strings.Contains(fields[0], "pg_query") {
			t.Errorf("the site would be slow to build: %s", line)
		}
	}
	if whole := packagesOfTheSite(t, "-tags", "postgres"); !strings.Contains(whole, "quiesce/driver/pgx 0 false") || !strings.Contains(whole, "pg_query") {
		t.Errorf("with -tags postgres PostgreSQL is left out:\n%s", whole)
	}
}

// packagesOfTheSite lists what a build compiles, and how many files of each are cgo's.
func packagesOfTheSite(t *testing.T, flags ...string) string {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not in the PATH; it lists what the site imports")
	}
	args := append([]string{"list", "-deps", "-f", "{{.ImportPath}} {{len .CgoFiles}} {{.Standard}}"}, flags...)
	cmd := exec.Command(goTool, append(args, ".")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}
