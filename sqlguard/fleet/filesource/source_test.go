package filesource_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/filesource"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	readOnly = `{"mode": "read-only", "message": "Back at noon."}`
	off      = `{"mode": "off"}`
)

func open(t *testing.T, c filesource.Config) *filesource.Source {
	t.Helper()
	s, err := filesource.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func succeed(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// replace renames a new file over the old one.
func replace(t *testing.T, path, text string) {
	t.Helper()
	succeed(t, os.WriteFile(path+".new", []byte(text), 0o600))
	succeed(t, os.Rename(path+".new", path))
}

func mode(t *testing.T, s *filesource.Source) fleet.Mode {
	t.Helper()
	m, err := s.Mode(t.Context())
	succeed(t, err)
	succeed(t, m.Check())
	return m
}

// await returns when a hint has come after which the condition holds.
func await(t *testing.T, s *filesource.Source, what string, holds func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	for !holds() {
		select {
		case <-s.Changed():
		case <-late:
			t.Fatalf("no hint when %s", what)
		}
	}
}

// drain takes the hint that is waiting.
func drain(s *filesource.Source) {
	select {
	case <-s.Changed():
	default:
	}
}

func TestWhatAFileAsksFor(t *testing.T) {
	noon := time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		text string
		want fleet.Mode
	}{
		{off, fleet.Mode{State: fleet.Open}},
		{`{"mode": " OBSERVE "}`, fleet.Mode{State: fleet.Open, Change: sqlguard.Change{Mode: sqlguard.Observe}}},
		{`{"mode": "off", "announced": "2026-03-29T12:00:00Z"}`, fleet.Mode{State: fleet.Open, Change: sqlguard.Change{Announced: noon}}},
		{`{"mode": "read-only", "cut": true, "anonymous": true, "get_only": true, "grace": "30s", "message": "m", "reason": "r", "by": "b",
			"until": "2026-03-29T12:00:00Z"}`, fleet.Mode{State: fleet.Closed, Op: "file", Cut: true, Change: sqlguard.Change{
			Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true, Grace: 30 * time.Second, Message: "m", Reason: "r", By: "b", Until: noon,
		}}},
	} {
		path := filepath.Join(t.TempDir(), "mode.json")
		replace(t, path, c.text)
		got := mode(t, open(t, filesource.Config{Path: path}))
		c.want.Epoch, c.want.Since = got.Epoch, got.Since
		if got != c.want {
			t.Errorf("%s asks for %+v, want %+v", c.text, got, c.want)
		}
	}
}

var bad = []struct{ name, text, want string }{
	{"an empty file", "", "it is empty"},
	{"half a file", readOnly[:30], "ends in the middle"},
	{"no JSON", "read-only", "cannot be read as JSON"},
	{"no object", `[]`, "array, not an object"},
	{"two objects", off + off, "something after"},
	{"no mode", `{"message": "m"}`, `"mode" is missing`},
	{"another mode", `{"mode": "readonlyish"}`, `"mode" must be off, observe or read-only`},
	{"a mode that is no text", `{"mode": true}`, `"mode" must be a string`},
	{"a field that is misspelt", `{"mode": "off", "massage": "m"}`, `"massage"`},
	{"a time that is none", `{"mode": "read-only", "until": "noon"}`, `"until" must be a time`},
	{"a duration that is none", `{"mode": "read-only", "grace": "30"}`, `"grace" must be a duration`},
	{"a duration below zero", `{"mode": "read-only", "grace": "-1s"}`, "Grace must not be negative"},
	{"a cut while writing is open", `{"mode": "off", "cut": true}`, `"cut" and "grace" go with`},
	{"what has begun announced", `{"mode": "read-only", "announced": "2026-03-29T12:00:00Z"}`, "Announced"},
	{"a file that is too large", `{"mode": "off"` + strings.Repeat(" ", 1<<20) + "}", "larger than"},
}

func TestABadFile(t *testing.T) {
	for _, c := range bad {
		t.Run(c.name+" closes writing at first", func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "mode.json")
			replace(t, path, c.text)
			m, err := open(t, filesource.Config{Path: path}).Mode(t.Context())
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one that names the file and %s", err, c.want)
			}
			if m.State != fleet.Closed || m.Check() != nil {
				t.Errorf("the mode is %+v, want a valid one that is closed", m)
			}
		})
		t.Run(c.name+" later changes nothing", func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "mode.json")
			replace(t, path, off)
			s := open(t, filesource.Config{Path: path})
			before := mode(t, s)
			replace(t, path, c.text)
			if after := mode(t, s); after != before {
				t.Errorf("the mode is %+v, want %+v", after, before)
			}
			if err := s.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Err is %v, want %s", err, c.want)
			}
			replace(t, path, off)
			if after := mode(t, s); after != before || s.Err() != nil {
				t.Errorf("the mode is %+v with %v, want %+v", after, s.Err(), before)
			}
		})
	}
}

func TestAMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mode.json")
	s := open(t, filesource.Config{Path: path, Every: time.Hour})
	m, err := s.Mode(t.Context())
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) || m.State != fleet.Closed {
		t.Fatalf("the mode is %+v with %v, want closed, and an error that names the file", m, err)
	}
	replace(t, path, off)
	await(t, s, "the file comes", func() bool { return s.Err() == nil })
	opened := mode(t, s)
	if opened.Epoch <= m.Epoch {
		t.Errorf("the epoch is %d, want more than %d", opened.Epoch, m.Epoch)
	}
	succeed(t, os.Remove(path))
	await(t, s, "the file goes", func() bool { return s.Err() != nil })
	if got := mode(t, s); got != opened {
		t.Errorf("the mode is %+v, want the last good one, %+v", got, opened)
	}
}

func TestEpochsOnlyGrow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mode.json")
	replace(t, path, off)
	s := open(t, filesource.Config{Path: path})
	last := mode(t, s)
	for n, text := range []string{readOnly, off, readOnly, off} {
		succeed(t, os.WriteFile(path, []byte(text), 0o600))
		old := time.Now().Add(-time.Duration(n) * 24 * time.Hour) // as of a backup
		succeed(t, os.Chtimes(path, old, old))
		m := mode(t, s)
		if m.Epoch <= last.Epoch || m.State == last.State {
			t.Errorf("epoch %d, %s follows epoch %d, %s", m.Epoch, m.State, last.Epoch, last.State)
		}
		last = m
	}
	succeed(t, os.Chtimes(path, time.Now(), time.Now()))
	if m := mode(t, s); m != last {
		t.Errorf("a file with the same text is %+v, want %+v", m, last)
	}
	newer := strings.Replace(readOnly, "noon", "one", 1)
	replace(t, path, newer)
	later := time.Now().Add(time.Hour)
	succeed(t, os.Chtimes(path, later, later))
	before := mode(t, s)
	if after := mode(t, open(t, filesource.Config{Path: path})); after.Epoch < before.Epoch {
		t.Errorf("after a restart the epoch is %d, want at least %d", after.Epoch, before.Epoch)
	}
}

func TestAChangeIsHintedAt(t *testing.T) {
	for _, c := range []struct {
		name  string
		every time.Duration
		// prepare returns the path to follow, and a function that changes what is there.
		prepare func(t *testing.T) (string, func(text string))
	}{
		{"when the file is renamed over", time.Hour, func(t *testing.T) (string, func(string)) {
			path := filepath.Join(t.TempDir(), "mode.json")
			return path, func(text string) { replace(t, path, text) }
		}},
		{"when the file is written over", time.Hour, func(t *testing.T) (string, func(string)) {
			path := filepath.Join(t.TempDir(), "mode.json")
			return path, func(text string) { succeed(t, os.WriteFile(path, []byte(text), 0o600)) }
		}},
		{"when Kubernetes swaps ..data", time.Hour, func(t *testing.T) (string, func(string)) {
			folder := t.TempDir()
			n := 0
			succeed(t, os.Symlink("..data/mode.json", filepath.Join(folder, "mode.json")))
			return filepath.Join(folder, "mode.json"), func(text string) {
				n++
				version := filepath.Join(folder, "..version"+strings.Repeat("i", n))
				succeed(t, os.Mkdir(version, 0o700))
				succeed(t, os.WriteFile(filepath.Join(version, "mode.json"), []byte(text), 0o600))
				succeed(t, os.Symlink(filepath.Base(version), filepath.Join(folder, "..data_tmp")))
				succeed(t, os.Rename(filepath.Join(folder, "..data_tmp"), filepath.Join(folder, "..data")))
			}
		}},
		{"by the timer, where the folder tells of nothing", 5 * time.Millisecond, func(t *testing.T) (string, func(string)) {
			folder, elsewhere := t.TempDir(), t.TempDir()
			target := filepath.Join(elsewhere, "mode.json")
			succeed(t, os.Symlink(target, filepath.Join(folder, "mode.json")))
			return filepath.Join(folder, "mode.json"), func(text string) { replace(t, target, text) }
		}},
		{"where the folder comes later", 5 * time.Millisecond, func(t *testing.T) (string, func(string)) {
			folder := filepath.Join(t.TempDir(), "later")
			path := filepath.Join(folder, "mode.json")
			return path, func(text string) { succeed(t, os.MkdirAll(folder, 0o700)); replace(t, path, text) }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, change := c.prepare(t)
			if c.name != "where the folder comes later" {
				change(off)
			}
			s := open(t, filesource.Config{Path: path, Every: c.every})
			drain(s)
			for _, text := range []string{readOnly, off, readOnly} {
				change(text)
				select {
				case <-s.Changed():
				case <-time.After(time.Minute):
					t.Fatal("no hint")
				}
				want := fleet.Open
				if text == readOnly {
					want = fleet.Closed
				}
				await(t, s, "the mode changes", func() bool { m, _ := s.Mode(t.Context()); return m.State == want })
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for want, c := range map[string]filesource.Config{"Config.Path": {}, "Config.Every": {Path: "x", Every: -1}} {
		if _, err := filesource.Open(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open: %v, want an error that names %s", err, want)
		}
	}
}

func TestAContextThatIsOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, filesource.Config{Path: "x"}).Mode(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want context.Canceled", err)
	}
}
