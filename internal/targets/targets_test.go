package targets_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/internal/targets"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestNamesAreResolvedAsTheEngineDoes(t *testing.T) {
	table := func(schema, name string, op sqlguard.Op) sqlguard.Table {
		return sqlguard.Table{Schema: schema, Name: name, Op: op}
	}
	for _, c := range []struct {
		says         string
		schema, name targets.Name
		ops          []sqlguard.Op
		want         []sqlguard.Table
	}{
		{"a folded name is in lower case", targets.Name{}, targets.Name{Text: "UserS", Fold: targets.Lower},
			[]sqlguard.Op{sqlguard.OpInsert}, []sqlguard.Table{table("", "users", sqlguard.OpInsert)}},
		{"a quoted name is as it is written", targets.Name{}, targets.Name{Text: "UserS"},
			[]sqlguard.Op{sqlguard.OpInsert}, []sqlguard.Table{table("", "UserS", sqlguard.OpInsert)}},
		{"letters outside ASCII are not folded", targets.Name{Text: "ÄB", Fold: targets.Lower}, targets.Name{Text: "É"},
			[]sqlguard.Op{sqlguard.OpDelete}, []sqlguard.Table{table("Äb", "É", sqlguard.OpDelete)}},
		{"an upsert has its table twice", targets.Name{Text: "s"}, targets.Name{Text: "t"},
			[]sqlguard.Op{sqlguard.OpInsert, sqlguard.OpUpdate},
			[]sqlguard.Table{table("s", "t", sqlguard.OpInsert), table("s", "t", sqlguard.OpUpdate)}},
	} {
		for range 2 { // made, and found again
			if got := targets.List(c.schema, c.name, c.ops...); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.says, got, c.want)
			}
		}
	}
}

// More tables than are kept must not be taken for each other.
func TestManyTablesAreToldApart(t *testing.T) {
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for i := range 20_000 {
				schema, name := fmt.Sprint("s", i%7), fmt.Sprint("t", i%5000)
				op := []sqlguard.Op{sqlguard.OpInsert, sqlguard.OpUpdate, sqlguard.OpDelete}[i%3]
				got := targets.List(targets.Name{Text: schema}, targets.Name{Text: name}, op)
				if want := (sqlguard.Table{Schema: schema, Name: name, Op: op}); len(got) != 1 || got[0] != want {
					t.Errorf("%v, want %v", got, want)
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestATableSeenBeforeAllocatesNothing(t *testing.T) {
	schema, name := targets.Name{Text: "Public", Fold: targets.Lower}, targets.Name{Text: "Users", Fold: targets.Lower}
	if n := testing.AllocsPerRun(100, func() { targets.List(schema, name, sqlguard.OpInsert, sqlguard.OpUpdate) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
