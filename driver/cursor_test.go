package driver_test

import (
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestReadingFromACursorIsARead(t *testing.T) {
	for _, test := range []struct{ name, steps string }{
		{"where its declaration was seen to be one",
			"read-only\nDECLARE c SELECT\nquery: FETCH c\nSELECT 1\nquery: FETCH c"},
		{"in a transaction, which it does not doom",
			"read-only\nbegin\nDECLARE c SELECT\nFETCH c\ncommit"},
		{"from one of several",
			"read-only\nDECLARE c SELECT; DECLARE d SELECT\nFETCH d\nFETCH c"},
		{"not where nobody saw the declaration",
			"read-only\nFETCH c !"},
		{"not where another one was declared",
			"read-only\nDECLARE d SELECT\nFETCH c !"},
		{"not where it was declared while the mode was off",
			"DECLARE c SELECT\nread-only\nFETCH c !"},
		{"not where anything ran that nobody looked at, since it may be another cursor now",
			"read-only\nDECLARE c SELECT\noff\nSELECT 1\nread-only\nFETCH c !"},
		{"still where nothing ran while the mode was off",
			"read-only\nDECLARE c SELECT\noff\nread-only\nFETCH c"},
		{"not where a bypass declared it anew as what is not a read",
			"read-only\nDECLARE c SELECT\nbypass: DECLARE c unknown()\nFETCH c !"},
		{"not after a bypass that ran what may have declared it anew",
			"read-only\nDECLARE c SELECT\nbypass: INSERT INTO t\nFETCH c !"},
		{"not where its functions may be others than the known ones",
			"read-only\nSET search_path\nbypass: DECLARE c known()\nFETCH c !"},
		{"not beside other statements that write",
			"read-only\nDECLARE c SELECT\nFETCH c; INSERT INTO t !"},
		{"not where its declaration was refused",
			"read-only\nDECLARE c unknown() !\nFETCH c !"},
		{"not where it was only observed that it is none",
			"observe\nDECLARE c unknown()\nread-only\nFETCH c !"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newGuard(t, sqlguard.Policy{})
			db := open(t, &fake{}, g)
			s := script{t: t, guard: g, db: db, conn: pin(t, db)}
			s.run(test.steps)
		})
	}
}
