package main

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// What a newer library offers is neither listed nor denied until somebody has looked at
// it: then this test fails, and `go generate` or the deny-list is the answer.
func TestEveryFunctionOfTheLibraryIsListedOrDenied(t *testing.T) {
	o, err := fromLibrary()
	if err != nil {
		t.Fatal(err)
	}
	if len(o.functions) < 100 || len(o.tables) < 2 || len(o.pragmas) < 50 {
		t.Fatalf("%s offers only %d functions, %d tables and %d PRAGMAs", o.from, len(o.functions), len(o.tables), len(o.pragmas))
	}
	for _, name := range append(o.functions, o.tables...) {
		if !isWord(name) {
			continue
		}
		want := sqlguard.Read
		if denied[name] != "" {
			want = sqlguard.Unproven
		}
		if v := (sqlite.Dialect{}).Classify("SELECT " + name + "(a) FROM t"); v.Class != want {
			t.Errorf("a call of %s is %v (%s), want %v", name, v.Class, v.Why, want)
		}
	}
}

func TestWhatIsDeniedIsUnproven(t *testing.T) {
	for name, why := range denied {
		if v := (sqlite.Dialect{}).Classify("SELECT " + name + "(a)"); v.Class != sqlguard.Unproven {
			t.Errorf("a call of %s, which %s, is %v", name, why, v.Class)
		}
	}
}

func TestEveryModuleOfTheLibraryIsKnown(t *testing.T) {
	db, err := openLibrary()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	modules, err := ask(db, moduleQuery)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range modules {
		if !tableValued[name] && !otherModules[name] && !strings.HasPrefix(name, "pragma_") {
			t.Errorf("the virtual table %s is in neither list", name)
		}
	}
}

func TestEveryPragmaOfTheLibraryIsKnown(t *testing.T) {
	o, err := fromLibrary()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range o.pragmas {
		if v := (sqlite.Dialect{}).Classify("PRAGMA " + name); strings.Contains(v.Why, "not known") {
			t.Errorf("PRAGMA %s is %s", name, v.Why)
		}
	}
}

func TestTheFileLeavesOutWhatIsDenied(t *testing.T) {
	source, err := render([]offer{{from: "a test", functions: []string{"load_extension", "abs", "->"}, tables: []string{"pragma_optimize", "dbstat"}}})
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]bool{"abs": true, "dbstat": true, "a test": true, "load_extension": false, "->": false, "pragma_optimize": false} {
		if got := strings.Contains(string(source), word); got != want {
			t.Errorf("%s in the file is %v, want %v", word, got, want)
		}
	}
}
