package readme_test

import (
	"os"
	"strings"
	"testing"
)

// TestTheFiguresAreTheBars compares what docs/faq.md says of costs with the bars to which `make
// bench` holds them, by the lines of the tests that do.
func TestTheFiguresAreTheBars(t *testing.T) {
	page := prose(t, "docs/faq.md")
	for _, tt := range []struct{ says, file, bar string }{
		{"| off: a call on a guarded `database/sql` connection | 12 ns more |", "driver/cost_test.go", `hold(t, out, "off, "+c.name, more(12*calls)`},
		{"| off: a call through `database/sql`'s pool | 1.10 times the bare driver's |", "driver/cost_test.go", `"off, database/sql, "+c.name, factor(1.10)`},
		{"| read-only: a read that was seen before | 40 ns more |", "driver/cost_test.go", `"on, "+c.name, more(40)`},
		{"| read-only: a refusal | 500 ns,", "driver/cost_test.go", `"on, "+c.name, within(500)`},
		{"native pgx, Exec and QueryRow | 15 ns more, ", "driver/pgx/native_cost_test.go", "const most = 15\n"},
		{"| at least 0.97 of the bare driver's |", "driver/pgx/cost_test.go", `"database/sql", mode, 0.97, bare`},
		{"| at least 0.99 of pgx's own pool |", "driver/pgx/cost_test.go", "sqlguard.Off: 0.99, "},
		{"| a page, off | 20 ns more |", "httpmode/cost_test.go", `{"mode off", sqlguard.Change{}, 20}`},
		{"| a page that reads, read-only | 2 µs and 8 allocations more |", "httpmode/cost_test.go", `{"read-only, a read that passes", readOnly, 2000}`},
		{"8 allocations more", "httpmode/cost_test.go", "maxAllocs = 8\n"},
	} {
		code, err := os.ReadFile("../../" + tt.file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page, tt.says) {
			t.Errorf("docs/faq.md does not say %s", tt.says)
		}
		if !strings.Contains(string(code), tt.bar) {
			t.Errorf("%s has no such bar: %s", tt.file, tt.bar)
		}
	}
}
