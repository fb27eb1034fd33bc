//go:build cgo

package postgres

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quiescehq/quiesce/internal/suites"
	"github.com/quiescehq/quiesce/internal/testdb"
	"github.com/quiescehq/quiesce/sqlguard"
)

// TestPostgresSuites replays PostgreSQL's regression suites. Without cgo the judge names no tables, and is
// stricter than the bounds allow.
//
//   - QUIESCE_SUITES_POSTGRES is the folder of PostgreSQL's sources; without it the test skips.
//   - QUIESCE_SUITES_POSTGRES_DSN is a throwaway server of the same major version, as a superuser;
//     without it the test starts one.
//   - QUIESCE_SUITES_DETAILS is a file, to the name of which ".postgres" is added, for what
//     speaks against the dialect.
func TestPostgresSuites(t *testing.T) {
	folder := os.Getenv("QUIESCE_SUITES_POSTGRES")
	if folder == "" {
		t.Skip("QUIESCE_SUITES_POSTGRES names no folder with PostgreSQL's sources; `make suites` fetches them")
	}
	server := os.Getenv("QUIESCE_SUITES_POSTGRES_DSN")
	if server == "" {
		server = testdb.Postgres(t).DSN("postgres")
	}
	r := &replay{folder: folder, tally: &suites.Tally{}, byOp: map[sqlguard.Op]int{}, kinds: map[string]int{}}
	for _, suite := range postgresSuites(t, folder) {
		r.suite(t, server, suite)
	}
	t.Log(r.tally)
	t.Logf("not played: %d; set aside: %v; opaque code that ran: %v", r.skip, r.kinds, r.byOp)
	report(t, r.tally)
	if r.tally.Statements < fewestPostgres {
		t.Errorf("the suite has %d statements, less than %d", r.tally.Statements, fewestPostgres)
	}
	if n := len(r.tally.Lax); n > 0 {
		t.Errorf("%d statements pass that the server refuses", n)
	}
	if share := r.tally.WriteShare(); share > suites.MaxWrites {
		t.Errorf("%.2f %% of what the server runs is called Write", 100*share)
	}
	if share := r.tally.UnprovenShare(); share > suites.MaxUnproven {
		t.Errorf("%.2f %% of what the server runs is called Unproven", 100*share)
	}
}

// fewestPostgres is how many statements the suites have at least. With fewer the shares
// would say little, and something is wrong with reading them.
const fewestPostgres = 40_000

// suite is one folder of scripts that share a database.
type suite struct {
	folder string
	files  []string
}

// postgresSuites finds the regression suite of the server and those of its extensions.
func postgresSuites(t *testing.T, folder string) []suite {
	t.Helper()
	var suites []suite
	folders, err := filepath.Glob(filepath.Join(folder, "contrib", "*", "sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append([]string{filepath.Join(folder, "src", "test", "regress", "sql")}, folders...) {
		files, err := filepath.Glob(filepath.Join(f, "*.sql"))
		if err != nil {
			t.Fatal(err)
		}
		parent := filepath.Dir(f)
		if schedule, err := os.ReadFile(filepath.Join(parent, "parallel_schedule")); err == nil {
			files = scheduled(f, string(schedule))
		}
		if len(files) > 0 {
			suites = append(suites, suite{parent, files})
		}
	}
	if len(suites) == 0 {
		t.Fatalf("%s holds no scripts", folder)
	}
	return suites
}

// scheduled are the files in the order in which the suite runs them.
func scheduled(folder, schedule string) []string {
	var files []string
	for line := range strings.Lines(schedule) {
		if names, ok := strings.CutPrefix(line, "test: "); ok {
			for _, name := range strings.Fields(names) {
				files = append(files, filepath.Join(folder, name+".sql"))
			}
		}
	}
	return files
}

const scratch = "quiesce_suite"

// suite plays the scripts of one folder in a database of their own. Afterwards the roles
// that they made are gone too.
func (r *replay) suite(t *testing.T, server string, s suite) {
	t.Helper()
	const roles = "SELECT rolname FROM pg_roles WHERE rolname ~ '^regress'"
	before := administer(t, server, "", roles)
	drop(t, server)
	administer(t, server, "", "CREATE DATABASE "+scratch+" TEMPLATE template0")
	defer func() {
		drop(t, server)
		for _, role := range administer(t, server, "", roles) {
			if !slices.Contains(before, role) {
				administer(t, server, "", fmt.Sprintf("DROP ROLE %q", role))
			}
		}
	}()
	config, err := pgconn.ParseConfig(server)
	if err != nil {
		t.Fatal(err)
	}
	config.Database = scratch
	maps.Copy(config.RuntimeParams, map[string]string{
		"statement_timeout": "10s", "lock_timeout": "2s", "timezone": "PST8PDT",
		"datestyle": "Postgres, MDY", "intervalstyle": "postgres_verbose", "client_min_messages": "error",
	})
	r.config = config
	for _, file := range s.files {
		vars := map[string]string{"abs_srcdir": s.folder, "abs_builddir": s.folder, "libdir": s.folder, "dlsuffix": ".so", "DBNAME": scratch}
		if err := r.file(file, vars); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	r.conn.Close(context.Background())
}

// drop drops the scratch database, and the prepared transactions in it first.
func drop(t *testing.T, server string) {
	t.Helper()
	exists := administer(t, server, "", "SELECT datname FROM pg_database WHERE datname = '"+scratch+"'")
	if len(exists) == 0 {
		return
	}
	for _, gid := range administer(t, server, scratch, "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()") {
		administer(t, server, scratch, "ROLLBACK PREPARED "+literal(gid))
	}
	administer(t, server, "", "DROP DATABASE "+scratch+" WITH (FORCE)")
}

// administer executes a statement in a database of the server, in that of the DSN if it is
// not named, and returns the values of its rows.
func administer(t *testing.T, server, database, sql string) []string {
	t.Helper()
	config, err := pgconn.ParseConfig(server)
	if err != nil {
		t.Fatal(err)
	}
	if database != "" {
		config.Database = database
	}
	r := &replay{config: config}
	if err := r.connect(""); err != nil {
		t.Fatal(err)
	}
	defer r.conn.Close(context.Background())
	results, err := r.exec(sql, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cells(results)
}

// report writes what speaks against a dialect to the file that the environment names.
func report(t *testing.T, tally *suites.Tally) {
	t.Helper()
	name := os.Getenv("QUIESCE_SUITES_DETAILS")
	if name == "" {
		return
	}
	f, err := os.Create(name + ".postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := tally.Details(f); err != nil {
		t.Fatal(err)
	}
}
