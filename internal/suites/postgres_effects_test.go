package suites

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quiescehq/quiesce/sqlguard"
)

func itoa(n int) string { return strconv.Itoa(n) }

// aside returns the kind of a statement that the server runs in read-only mode
// although it changes something, empty for any other.
func (r *replay) aside(st Statement) string {
	if st.Answer != Ran || st.Verdict.Class != sqlguard.Write {
		return ""
	}
	switch st.Verdict.Op {
	case "SET", "RESET":
		return "setting"
	}
	if len(st.Verdict.Tables) > 0 && r.temporary(st.Verdict.Tables) {
		return "temporary table"
	}
	return ""
}

// temporary asks the server whether all of the tables are temporary.
func (r *replay) temporary(tables []sqlguard.Table) bool {
	if r.conn.TxStatus() == 'E' {
		return false
	}
	for _, t := range tables {
		name := `"` + strings.ReplaceAll(t.Name, `"`, `""`) + `"`
		if t.Schema != "" {
			name = `"` + strings.ReplaceAll(t.Schema, `"`, `""`) + `".` + name
		}
		results, err := r.exec("SELECT relpersistence = 't' FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass("+literal(name)+")", nil)
		if c := cells(results); err != nil || len(c) != 1 || c[0] != "t" {
			return false
		}
	}
	return true
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// cells are the values of all rows.
func cells(results []*pgconn.Result) []string {
	var all []string
	for _, result := range results {
		for _, row := range result.Rows {
			for _, value := range row {
				if value != nil {
					all = append(all, string(value))
				}
			}
		}
	}
	return all
}

// gset sets the variables of a script to the columns of a row.
func gset(s *script, results []*pgconn.Result, prefix string) {
	if len(results) == 0 || len(results[len(results)-1].Rows) != 1 {
		return
	}
	last := results[len(results)-1]
	for i, field := range last.FieldDescriptions {
		s.vars[prefix+field.Name] = string(last.Rows[0][i])
	}
}

var copyCommand = regexp.MustCompile(`(?is)^(.*\sfrom\s+)(stdin|pstdin|'[^']*')(.*)$`)

// copy plays \copy … from, which is psql's own; only what it leaves in the tables matters.
func (r *replay) copy(s *script, p piece) {
	m := copyCommand.FindStringSubmatch(p.args)
	if m == nil {
		r.skip++
		return
	}
	in := &input{open: func() []byte { return []byte(s.data()) }}
	if name := strings.Trim(m[2], "'"); name != m[2] {
		rows, err := os.ReadFile(filepath.Join(s.vars["abs_srcdir"], name))
		if err != nil {
			r.skip++
			return
		}
		in.open = func() []byte { return rows }
	}
	r.set("off", r.conn.TxStatus())
	r.exec("COPY "+m[1]+"STDIN"+m[3], in)
}
