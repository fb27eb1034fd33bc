package readme_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// ofStatements is a row of a table whose first cell is a statement, and whose others are what
// becomes of it in PostgreSQL, in MySQL and MariaDB, and in SQLite. A cell without words is not judged.
var ofStatements = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$")

// answers are what the cells say.
var answers = map[sqlguard.Decision]string{sqlguard.Pass: "passes", sqlguard.Ask: "engine", sqlguard.Refuse: "refused", sqlguard.Drop: "skipped"}

// TestTheTableOfStatements compares what docs/modes.md says of statements with what a guard
// without a policy decides.
func TestTheTableOfStatements(t *testing.T) {
	if !cgo {
		t.Skip("built without cgo; the table shows what PostgreSQL's grammar says, which is written in C")
	}
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := guard.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
		t.Fatal(err)
	}
	rows := ofStatements.FindAllStringSubmatch(prose(t, "docs/modes.md"), -1)
	if len(rows) < 20 {
		t.Errorf("the table has %d statements", len(rows))
	}
	for _, row := range rows {
		for i, dialect := range []sqlguard.Dialect{postgres.Dialect{}, mysql.Dialect{}, sqlite.Dialect{}} {
			said := strings.TrimSpace(row[2+i])
			if said == "–" {
				continue
			}
			v := dialect.Classify(row[1])
			got, err := guard.Decide(context.Background(), dialect.Name(), &v)
			if refused := new(sqlguard.BlockedError); answers[got] != said || got == sqlguard.Refuse && !errors.As(err, &refused) {
				t.Errorf("%s: %s: %s (%s), and the page says %s", row[1], dialect.Name(), answers[got], v.Why, said)
			}
		}
	}
}
