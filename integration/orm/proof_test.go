package orm

import (
	"context"
	"regexp"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// library is one that is proven, on one engine.
type library struct {
	name   string
	module string // whose version the table shows
	engine engine
	// generated is a file of the library's, which names its version, where there is no module.
	generated string
	// startRefused is set if the library writes whenever it is opened, and so cannot be in read-only mode.
	startRefused bool
	// guarded opens it as the recipe says, on sqlguard.Default. bare opens it likewise on the
	// driver that is not guarded.
	guarded, bare func(dsn string) (app, error)
}

// app is a small program that uses a library.
type app struct {
	// setUp makes the tables and their first rows. start is what the program does
	// whenever it starts, in any mode; nil if nothing.
	setUp, start func(ctx context.Context) error
	// read returns what the program reads, as text.
	read func(ctx context.Context) (string, error)
	// writes are made one after the other. With the mode off each succeeds.
	writes []write
	close  func() error
}

// write is one thing that a program does with a library.
type write struct {
	name string
	run  func(ctx context.Context) error
	// swallowed is set if the library does not let the guard's error through: errors.Is does not
	// find it in the library's own, but its text is there, or at least the context's recorder has it.
	swallowed bool
	// skipped is what the program sees if a rule says that the write is to be skipped.
	skipped outcome
}

// outcome is what a program sees of a write.
type outcome string

const (
	success outcome = ""        // no error
	refused outcome = "refused" // the guard's error: no rule skips it
)

// rows says that all changes of rows are to be skipped.
var rows = sqlguard.Policy{Rules: []sqlguard.Rule{{Tables: []string{"*", "*.*"}, Action: sqlguard.Skip}}}

// hold closes writing for the time of a function.
func hold(t *testing.T, mode sqlguard.Mode, policy sqlguard.Policy, during func()) {
	t.Helper()
	g := sqlguard.Default()
	if err := g.SetPolicy(policy); err != nil {
		t.Fatal(err)
	}
	if err := g.Hold("test", sqlguard.Change{Mode: mode}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		g.Release("test")
		if err := g.SetPolicy(sqlguard.Policy{}); err != nil {
			t.Error(err)
		}
	}()
	during()
}

// prove compares a guarded library with a bare one, and tries its writes in every mode.
func prove(t *testing.T, l library) row {
	t.Helper()
	dsn := l.engine.next(t, l.engine.database(t))
	bareDump, before, after := proveBare(t, l, dsn)
	dsn = l.engine.next(t, dsn)
	found := row{library: l, off: proveOff(t, l, dsn, bareDump, before, after)}

	dsn = l.engine.next(t, dsn)
	a := installed(t, l.guarded, dsn)
	untouched := l.engine.dump(t, dsn)
	unchanged := func(when string) {
		t.Helper()
		if dump := l.engine.dump(t, dsn); dump != untouched {
			t.Errorf("%s, something was written:\n%s\nbefore:\n%s", when, dump, untouched)
		}
	}
	hold(t, sqlguard.ReadOnly, sqlguard.Policy{}, func() {
		proveStart(t, l, dsn, before)
		reads(t, a, before)
		found.refused = proveRefused(t, a)
		reads(t, a, before)
	})
	unchanged("in read-only mode")
	hold(t, sqlguard.ReadOnly, rows, func() { found.skipped = proveSkipped(t, a) })
	unchanged("with a rule that skips")
	hold(t, sqlguard.Observe, sqlguard.Policy{}, func() {
		found.observed = proveObserved(t, a)
		reads(t, a, after)
	})
	if dump := l.engine.dump(t, dsn); steady(dump) != bareDump {
		t.Errorf("in observe mode the program has written\n%s\nand bare\n%s", dump, bareDump)
	}
	return found
}

// proveStart demands that a program can be started in read-only mode, and reads, or that it says why not.
func proveStart(t *testing.T, l library, dsn, before string) {
	t.Helper()
	if !l.startRefused {
		started := opened(t, l.guarded, dsn)
		startUp(t, started)
		reads(t, started, before)
		return
	}
	started, err := l.guarded(dsn)
	if err == nil {
		started.close()
	}
	if !saysSo(err) {
		t.Errorf("in read-only mode it starts, or does not say why not: %v", err)
	}
}

// proveBare returns what the program writes and reads without a guard.
func proveBare(t *testing.T, l library, dsn string) (dump, before, after string) {
	t.Helper()
	a := installed(t, l.bare, dsn)
	before = read(t, a)
	for _, w := range a.writes {
		untouched := ""
		if l.engine.name == onSQLite.name { // whose dumps cost nothing
			untouched = l.engine.dump(t, dsn)
		}
		if err := w.run(t.Context()); err != nil {
			t.Fatalf("bare, %s: %v", w.name, err)
		}
		if untouched != "" && l.engine.dump(t, dsn) == untouched {
			t.Errorf("bare, %s writes nothing, so it proves nothing", w.name)
		}
	}
	return steady(l.engine.dump(t, dsn)), before, read(t, a)
}

// proveOff demands the same of a guarded library with the mode off, and returns that it is so.
func proveOff(t *testing.T, l library, dsn, bareDump, before, after string) string {
	t.Helper()
	a := installed(t, l.guarded, dsn)
	reads(t, a, before)
	for _, w := range a.writes {
		if err := w.run(t.Context()); err != nil {
			t.Errorf("guarded, with the mode off, %s: %v", w.name, err)
		}
	}
	reads(t, a, after)
	if dump := l.engine.dump(t, dsn); steady(dump) != bareDump {
		t.Errorf("guarded, with the mode off, the program has written\n%s\nand bare\n%s", dump, bareDump)
		return "not as bare"
	}
	return "as bare"
}

// installed opens a library in an empty database, and sets the program up.
func installed(t *testing.T, open func(dsn string) (app, error), dsn string) app {
	t.Helper()
	a := opened(t, open, dsn)
	if err := a.setUp(t.Context()); err != nil {
		t.Fatalf("setting up: %v", err)
	}
	startUp(t, a)
	return a
}

// opened opens a library, and closes it when the test is over.
func opened(t *testing.T, open func(dsn string) (app, error), dsn string) app {
	t.Helper()
	a, err := open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func startUp(t *testing.T, a app) {
	t.Helper()
	if a.start == nil {
		return
	}
	if err := a.start(t.Context()); err != nil {
		t.Fatalf("starting: %v", err)
	}
}

// reads demands what the program reads.
func reads(t *testing.T, a app, want string) {
	t.Helper()
	if got := read(t, a); got != want {
		t.Errorf("the program reads %q, want %q", got, want)
	}
}

func read(t *testing.T, a app) string {
	t.Helper()
	text, err := a.read(t.Context())
	if err != nil {
		t.Fatalf("reading: %v", err)
	}
	return steady(text)
}

// instant is a point in time, as the engines and fmt print it.
var instant = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d\d:?\d\d|\+00)?( UTC)?( m=\+[\d.]+)?`)

// steady leaves the times out of a text, which differ from run to run.
func steady(text string) string { return instant.ReplaceAllString(text, "(time)") }
