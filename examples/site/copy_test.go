package main

import (
	"bytes"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// sumsOf returns what -sums prints.
func sumsOf(t *testing.T, db string) string {
	t.Helper()
	return runTool(t, "-db", db, "-sums")
}

// runTool runs the site as a tool, and returns what it printed.
func runTool(t *testing.T, args ...string) string {
	t.Helper()
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), args, &stdout, &stderr, guard); err != nil || stderr.Len() > 0 {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return stdout.String()
}

// use does with a site what visitors do: rows in every table, in more than one alphabet.
func use(t *testing.T, db string) *visitor {
	t.Helper()
	v := loggedIn(t, start(t, db).url)
	v.get("/talks/2")
	v.get("/talks/2")
	for _, text := range []string{"Schrödinger's \\ 'quotes' \"and\" `more`", "日本語 🐈\r\nsecond line", "percent % under _ question ? $1"} {
		v.wantStatus(http.StatusSeeOther, v.post("/talks/2", "comment", text))
	}
	v.wantStatus(http.StatusSeeOther, v.post("/talks/4/star", "star", "on"))
	v.wantStatus(http.StatusSeeOther, v.post("/propose", "title", "Ærlig talt", "abstract", strings.Repeat("ж", 4000)))
	return v
}

func TestACopyFromMariaDBToPostgreSQLIsTheSameSite(t *testing.T) {
	from, to := seededOn(t, newMariaDB), newPostgres(t)
	v := use(t, from)
	before := sumsOf(t, from)
	if lines := regexp.MustCompile(`(?m)^(\w+) +[1-9]\d* rows  sha256 [0-9a-f]{64}$`).FindAllString(before, -1); len(lines) != len(tables) {
		t.Errorf("not every table has rows:\n%s", before)
	}
	if copied := runTool(t, "-db", from, "-copy-to", to); copied != before {
		t.Errorf("copied:\n%s\nof\n%s", copied, before)
	}
	for name, db := range map[string]string{"source": from, "copy": to} {
		if after := sumsOf(t, db); after != before {
			t.Errorf("the %s has\n%s\nwant\n%s", name, after, before)
		}
	}
	page := v.get("/talks/2").body
	v.base = start(t, to).url // with the cookie of the other site
	v.wantText("Log out", v.get("/"))
	if moved := v.get("/talks/2").body; strings.Replace(moved, "4 views", "3 views", 1) != page {
		t.Errorf("the page of a talk was\n%s\nand is\n%s", page, moved)
	}
	// Seven talks from the start, and one proposed before the move.
	if to := v.post("/propose", "title", "T", "abstract", "A").Header.Get("Location"); to != "/talks/9" {
		t.Errorf("the next talk is at %s", to)
	}
	v.wantStatus(http.StatusSeeOther, v.post("/talks/9", "comment", "First"))
	v.wantText("First", v.get("/talks/9"))
}

func TestACopyGoesBetweenAnyEngines(t *testing.T) {
	file := newFile(t)
	v := use(t, file)
	sums, last := sumsOf(t, file), file
	for _, to := range []string{newPostgres(t), newMariaDB(t), filepath.Join(t.TempDir(), "copy.db")} {
		runTool(t, "-db", last, "-copy-to", to)
		if got := sumsOf(t, to); got != sums {
			t.Errorf("%s:\n%s\nwant\n%s", parse(t, to).name, got, sums)
		}
		last = to
	}
	v.base = start(t, last).url
	v.wantStatus(http.StatusSeeOther, v.post("/talks/8", "comment", "Arrived"))
}

func TestASumTellsWhatDiffers(t *testing.T) {
	db := newFile(t)
	seen := map[string]string{sumsOf(t, db): "the seed"}
	for _, change := range []string{
		"UPDATE users SET login = 'ad', name = 'aAda' WHERE id = 1", // the same letters, elsewhere
		"UPDATE talks SET day = 3 WHERE id = 7",
		"UPDATE comments SET body = 'best title of the year.' WHERE id = 2",
		"DELETE FROM stars WHERE talk_id = 1 AND user_id = 1",
		"INSERT INTO stars VALUES (4, 1)",
		"UPDATE session_key SET key = zeroblob(32)",
		"UPDATE session_key SET key = zeroblob(33)",
	} {
		if _, err := bare(t, db).Exec(change); err != nil {
			t.Fatal(err)
		}
		sums := sumsOf(t, db)
		if seen[sums] != "" {
			t.Errorf("after %q the sums are those after %q", change, seen[sums])
		}
		seen[sums] = change
	}
}

func TestACopyLeavesADatabaseThatIsInUseAlone(t *testing.T) {
	from := newFile(t)
	for name, newDB := range map[string]func(*testing.T) string{"a file": newFileName, "PostgreSQL": newPostgres, "MariaDB": newMariaDB} {
		t.Run(name, func(t *testing.T) {
			foreign, used := newDB(t), newDB(t)
			if name == "a file" {
				if err := createFile(foreign); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := bare(t, foreign).Exec("CREATE TABLE users (id INTEGER)"); err != nil {
				t.Fatal(err)
			}
			if _, err := runOnce(t, "-db", from, "-copy-to", foreign); err == nil || !strings.Contains(err.Error(), "must be empty") {
				t.Errorf("a database with other tables: %v", err)
			}
			if _, err := runOnce(t, "-addr", "127.0.0.1:0", "-db", foreign); err == nil || !strings.Contains(err.Error(), "must be empty") {
				t.Errorf("a site on a database with other tables: %v", err)
			}
			if _, err := runOnce(t, "-db", foreign, "-copy-to", newDB(t)); err == nil || !strings.Contains(err.Error(), "has schema version 0") {
				t.Errorf("a database without a site: %v", err)
			}
			runTool(t, "-db", from, "-copy-to", used)
			before := sumsOf(t, used)
			if _, err := runOnce(t, "-db", from, "-copy-to", used); err == nil || !strings.Contains(err.Error(), "has a site in it") {
				t.Errorf("a copy on top of a copy: %v", err)
			}
			if sumsOf(t, used) != before {
				t.Error("the copy has changed")
			}
		})
	}
}

func TestACopyThatFailsLeavesNothingBehind(t *testing.T) {
	from, to := newFile(t), newPostgres(t)
	// In the last table but two, and nothing that PostgreSQL takes for text.
	if _, err := bare(t, from).Exec(`UPDATE comments SET body = 'a' || char(0) || 'b' WHERE id = 3`); err != nil {
		t.Fatal(err)
	}
	if _, err := runOnce(t, "-db", from, "-copy-to", to); err == nil || !strings.Contains(err.Error(), "write comments") {
		t.Fatalf("a copy of what PostgreSQL does not take: %v", err)
	}
	if _, err := bare(t, from).Exec(`UPDATE comments SET body = 'ab' WHERE id = 3`); err != nil {
		t.Fatal(err)
	}
	if runTool(t, "-db", from, "-copy-to", to) != sumsOf(t, from) {
		t.Error("the second copy differs")
	}
}

// newFileName returns the name of a file that does not exist.
func newFileName(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "site.db")
}

func TestAFirstStartSetsUpEveryEngineAlike(t *testing.T) {
	for name, newDB := range map[string]func(*testing.T) string{"PostgreSQL": newPostgres, "MariaDB": newMariaDB} {
		t.Run(name, func(t *testing.T) {
			db := newDB(t)
			v := loggedIn(t, start(t, db).url)
			v.get("/talks/1")
			want := dump(t, newFile(t))
			got := dump(t, db)
			for _, what := range []string{`pbkdf2-sha256\S+\|\d+`, `\|\d{10,}`, `talk_views.*\n`} { // random, or of this moment
				pattern := regexp.MustCompile(what)
				want, got = pattern.ReplaceAllString(want, ""), pattern.ReplaceAllString(got, "")
			}
			if got != want {
				t.Errorf("the rows are\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestADatabaseOfAnotherVersionIsLeftAlone(t *testing.T) {
	for name, newDB := range map[string]func(*testing.T) string{"PostgreSQL": newPostgres, "MariaDB": newMariaDB} {
		t.Run(name, func(t *testing.T) {
			db := seededOn(t, newDB)
			if _, err := bare(t, db).Exec("UPDATE site_schema SET version = 7"); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"-addr", "127.0.0.1:0"}, {"-sums"}, {"-copy-to", newFileName(t)}} {
				if _, err := runOnce(t, append(args, "-db", db)...); err == nil || !strings.Contains(err.Error(), "has schema version 7, not 1") {
					t.Errorf("%v: %v", args, err)
				}
			}
		})
	}
}
