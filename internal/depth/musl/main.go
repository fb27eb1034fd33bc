// Musl judges the deepest texts that the judge of PostgreSQL hands to its parser. Built
// with musl, whose threads have stacks of 128 KiB, it shows that the gate before the parser is
// narrow enough: it ends with status 0, or is killed by SIGSEGV.
package main

import (
	"fmt"

	"github.com/quiescehq/quiesce/internal/depth"
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

func main() {
	for _, b := range depth.Bombs {
		deepest := 0
		for n := 1; n <= 500; n++ {
			if lex.Check(lex.Postgres, b.Text(n), lex.Options{}) == nil {
				deepest = n
			}
		}
		v := postgres.Dialect{}.Classify(b.Text(deepest))
		fmt.Printf("%d %s: %v\n", deepest, b.Name, v.Class)
	}
}
