package interfaces

import (
	"go/importer"
	"go/token"
	"go/types"
	"slices"
	"testing"
)

// TestEveryInterfaceOfTheStandardLibraryIsDecidedOn fails when a release of Go has
// an interface in database/sql/driver, or a method of one, that the table lacks. Then
// decide whether wrapped values must have it, and say so in the table.
func TestEveryInterfaceOfTheStandardLibraryIsDecidedOn(t *testing.T) {
	decided := map[string][]string{}
	for _, i := range Table {
		decided[i.Name] = i.Methods
	}
	delete(decided, "io.Closer")
	if len(decided) != len(Table)-1 {
		t.Error("the table has an interface twice")
	}
	for name, methods := range exported(t) {
		want, ok := decided[name]
		if !ok {
			t.Errorf("nobody has decided on driver.%s, with %q", name, methods)
		} else if !slices.Equal(methods, want) {
			t.Errorf("driver.%s consists of %q, and was decided on with %q", name, methods, want)
		}
		delete(decided, name)
	}
	for name := range decided {
		t.Errorf("the table has driver.%s, the standard library has not", name)
	}
}

// exported returns the exported interfaces of database/sql/driver, as the source of
// this Go has it, with what they consist of, in order.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	source, err := importer.ForCompiler(token.NewFileSet(), "source", nil).Import("database/sql/driver")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, name := range source.Scope().Names() {
		object, ok := source.Scope().Lookup(name).(*types.TypeName)
		if !ok || !object.Exported() {
			continue
		}
		i, ok := object.Type().Underlying().(*types.Interface)
		if !ok {
			continue
		}
		var parts []string
		for m := range i.ExplicitMethods() {
			parts = append(parts, m.Name())
		}
		for e := range i.EmbeddedTypes() {
			parts = append(parts, types.TypeString(e, func(p *types.Package) string {
				if p == source {
					return ""
				}
				return p.Path()
			}))
		}
		slices.Sort(parts)
		found[name] = parts
	}
	return found
}
