package night_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/internal/tcpproxy"
	"github.com/quiescehq/quiesce/internal/testdb"
)

// Times of the tests: short, so that many nights fit into one.
const (
	ttl       = 2 * time.Second
	tail      = time.Second
	pauses    = 300 * time.Millisecond // of writers, at most, so that four fleets have room on two processors
	processes = 8
)

// engine is a database server, and how to get there through a proxy.
type engine struct {
	name, driver string
	// server starts one for a fleet alone: MariaDB is asked as a whole whether it is still.
	server func(testing.TB) *testdb.Server
	create string
	// through returns the DSN of a database by way of a proxy, and where the proxy leads.
	through func(dsn string, port int) string
	target  func(dsn string) string
	dsn     func(dsn string) string // as the command takes it
}

var engines = []engine{
	{
		name: "PostgreSQL", driver: "pgx", server: func(t testing.TB) *testdb.Server { return testdb.PostgresWith(t) },
		create: `CREATE TABLE rows_written (id bigserial PRIMARY KEY, instance text, kind text)`,
		through: func(dsn string, port int) string {
			u, _ := url.Parse(dsn)
			u.Host = "127.0.0.1:" + strconv.Itoa(port)
			q := u.Query()
			q.Del("host")
			q.Del("port")
			q.Set("sslmode", "disable")
			u.RawQuery = q.Encode()
			return u.String()
		},
		target: func(dsn string) string {
			c, _ := pgx.ParseConfig(dsn)
			return filepath.Join(c.Host, fmt.Sprintf(".s.PGSQL.%d", c.Port))
		},
		dsn: func(dsn string) string { return dsn },
	},
	{
		name: "MariaDB", driver: "mysql", server: func(t testing.TB) *testdb.Server { return testdb.MariaDBWith(t) },
		create: `CREATE TABLE rows_written (id bigint AUTO_INCREMENT PRIMARY KEY, instance text, kind text)`,
		through: func(dsn string, port int) string {
			c, _ := mysql.ParseDSN(dsn)
			c.Net, c.Addr = "tcp", "127.0.0.1:"+strconv.Itoa(port)
			c.ReadTimeout, c.WriteTimeout = 2*time.Second, 2*time.Second // for the end of a transaction, which takes no context
			return c.FormatDSN()
		},
		target: func(dsn string) string {
			c, _ := mysql.ParseDSN(dsn)
			return c.Addr
		},
		dsn: func(dsn string) string { return "mysql:" + dsn },
	},
}

// site is a fleet of processes on one server, with its store in a database beside theirs.
type site struct {
	t         *testing.T
	engine    engine
	store, db string // DSNs
	direct    *sql.DB
	programs  programs
	arguments []string // of the writers, beside the usual ones
	processes []*process
}

// process is one writer, and its ways to the store and to the database.
type process struct {
	site            *site
	name            string
	toStore, toDB   *tcpproxy.Proxy
	storeDSN, dbDSN string

	mu        sync.Mutex
	cmd       *exec.Cmd // nil while it is dead
	ask       io.Writer // its standard input
	answers   *bufio.Reader
	stoppedAt time.Time // zero if it goes on
}

// newSite starts a server, the store's and the site's databases, and the processes.
func newSite(t *testing.T, e engine, p programs, arguments ...string) *site {
	t.Helper()
	server := e.server(t)
	s := &site{t: t, engine: e, store: server.Database(t), db: server.Database(t), programs: p, arguments: arguments}
	s.prepare()
	s.populate(processes)
	return s
}

// prepare makes the tables of both databases.
func (s *site) prepare() {
	s.t.Helper()
	var err error
	if s.direct, err = sql.Open(s.engine.driver, s.db); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.direct.Close() })
	if _, err := s.direct.Exec(s.engine.create); err != nil {
		s.t.Fatal(err)
	}
	s.initialise()
}

// populate starts processes.
func (s *site) populate(n int) {
	s.t.Helper()
	for n := range n {
		p := &process{
			site: s, name: fmt.Sprintf("writer-%d", n),
			toStore: tcpproxy.New(s.t, s.engine.target(s.store)), toDB: tcpproxy.New(s.t, s.engine.target(s.db)),
		}
		p.storeDSN = s.engine.dsn(s.engine.through(s.store, p.toStore.Port()))
		p.dbDSN = s.engine.through(s.db, p.toDB.Port())
		s.processes = append(s.processes, p)
		p.start()
		s.t.Cleanup(p.kill)
	}
}

// programs are those that the tests run.
type programs struct{ writer, quiesce string }

// build builds them.
func build(t *testing.T) programs {
	t.Helper()
	folder := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", folder, "./writer", "../..").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return programs{filepath.Join(folder, "writer"), filepath.Join(folder, "quiesce")}
}

func (p *process) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return
	}
	cmd := exec.Command(p.site.programs.writer, append([]string{"-instance", p.name, "-store", p.storeDSN, "-db", p.dbDSN,
		"-ttl", ttl.String(), "-tail", tail.String(), "-pauses", pauses.String()}, p.site.arguments...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err == nil {
		var out io.Reader
		out, err = cmd.StdoutPipe()
		p.ask, p.answers = in, bufio.NewReader(out)
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.site.t.Error(err)
		return
	}
	p.cmd, p.stoppedAt = cmd, time.Time{}
}

// kill ends a process without any notice.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill()
	p.cmd.Wait()
	p.cmd = nil
}

// stop stops a process, wherever it is, until it goes on.
func (p *process) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		p.cmd.Process.Signal(syscall.SIGSTOP)
		p.stoppedAt = time.Now()
	}
}

// goOn lets a process go on.
func (p *process) goOn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		p.cmd.Process.Signal(syscall.SIGCONT)
		p.stoppedAt = time.Time{}
	}
}

// tries waits until a process that nothing stops has tried each of its ways of writing, from now on.
func (p *process) tries() error { return p.does("try", "tried") }

// replace has a process leave the fleet, and starts another one.
func (p *process) replace() {
	p.site.t.Helper()
	if err := p.does("leave", "left"); err != nil {
		p.site.t.Fatal(err)
	}
	p.kill()
	p.start()
}

// does waits until a process has done what it is asked for, and says so.
func (p *process) does(what, done string) error {
	if _, err := io.WriteString(p.ask, what+"\n"); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	answer := make(chan error, 1)
	go func() {
		said, err := p.answers.ReadString('\n')
		if err == nil && said != done+"\n" {
			err = fmt.Errorf("%s, asked to %s, says %q", p.name, what, said)
		}
		answer <- err
	}()
	select {
	case err := <-answer:
		return err
	case <-time.After(time.Minute):
		return fmt.Errorf("%s does not say that it has %s", p.name, done)
	}
}

// isHeld waits until the network to the database holds back something of a process.
func (p *process) isHeld() {
	p.site.t.Helper()
	for deadline := time.Now().Add(time.Minute); p.toDB.Held() == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.site.t.Fatalf("%s writes nothing", p.name)
		}
	}
}

// mend undoes all that was done to a process.
func (p *process) mend() {
	p.toStore.Mend()
	p.toDB.Mend()
	p.start()
	p.goOn()
}

// mend undoes all that was done to the processes, and waits until what their networks held back has been answered,
// and each of them has tried to write.
func (s *site) mend() {
	s.t.Helper()
	for _, p := range s.processes {
		p.mend()
	}
	for _, p := range s.processes {
		if err := p.tries(); err != nil {
			s.t.Fatal(err)
		}
	}
	deadline := time.Now().Add(time.Minute)
	for _, p := range s.processes {
		for p.toDB.Held() > 0 {
			if time.Now().After(deadline) {
				s.t.Fatalf("the server does not answer what %s has sent", p.name)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// trouble does things to processes at random moments, until ctx ends.
func (s *site) trouble(ctx context.Context) {
	var all sync.WaitGroup
	for _, p := range s.processes {
		if rand.IntN(2) == 0 {
			continue
		}
		all.Go(func() {
			if !wait(ctx, 4*time.Second) {
				return
			}
			switch rand.IntN(4) {
			case 0:
				p.kill()
				wait(ctx, 2*time.Second)
				p.start()
			case 1:
				p.toStore.Sever()
				wait(ctx, 4*time.Second)
				p.toStore.Mend()
			case 2:
				p.toStore.Silence()
				wait(ctx, 4*time.Second)
				p.toStore.Mend()
			case 3:
				p.toDB.Sever()
				wait(ctx, time.Second)
				p.toDB.Mend()
			}
		})
	}
	all.Wait()
}

// wait waits for a random time, and reports whether ctx goes on.
func wait(ctx context.Context, most time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(rand.Int64N(int64(most)))):
		return true
	}
}

// rows returns how many rows have been committed.
func (s *site) rows() (n int64) {
	s.t.Helper()
	if err := s.direct.QueryRow(`SELECT count(*) FROM rows_written`).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// writing waits until each process has committed something since now.
func (s *site) writing() {
	s.t.Helper()
	var since int64
	if err := s.direct.QueryRow(`SELECT coalesce(max(id), 0) FROM rows_written`).Scan(&since); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var n int
		query := fmt.Sprintf(`SELECT count(DISTINCT instance) FROM rows_written WHERE id > %d`, since)
		if err := s.direct.QueryRow(query).Scan(&n); err != nil {
			s.t.Fatal(err)
		}
		switch {
		case n >= len(s.processes):
			return
		case time.Now().After(deadline):
			s.t.Fatalf("only %d of %d processes write", n, len(s.processes))
		}
	}
}
