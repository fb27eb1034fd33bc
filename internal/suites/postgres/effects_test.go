package postgres

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/quiescehq/quiesce/internal/suites"
	"github.com/quiescehq/quiesce/sqlguard"
)

// The kinds of statements that are set aside: what a server runs in read-only mode although
// it changes something that the mode does not cover, and what is rightly Unproven.
const (
	// The server says that every table written is temporary.
	temporaryTable = "temporary table"
	// The server refuses nextval and setval unless the sequence is temporary.
	temporarySequence = "temporary sequence"
	// A setting that is not known to be harmless.
	setting = "setting"
	// VACUUM and ANALYZE in a newer syntax, and functions that do what they do, repair files, or set
	// and reset statistics.
	maintenance = "maintenance"
	// The server says that a function, type or operator is not its own, but one
	// that the suite or an extension made. Nobody vouched for it.
	madeBySuite = "calls what the suite made"
	// SET CONSTRAINTS … IMMEDIATE runs the triggers that earlier statements of the
	// transaction left for its end. These may write, and its text does not show it.
	deferredTrigger = "deferred trigger"
)

var (
	sequenceFunction    = regexp.MustCompile(`^calls (nextval|setval),`)
	maintenanceFunction = regexp.MustCompile(`^calls (brin_(de)?summarize_\w+|gin_clean_pending_list|pg_stat_reset\w*|pg_stat_statements_reset|pg_truncate_visibility_map|heap_force_\w+|pg_(restore|clear)_(attribute|relation)_stats),`)
	vacuums             = regexp.MustCompile(`(?i)^\s*(vacuum|analyze)\s`)
	prepares            = regexp.MustCompile(`(?i)^\s*prepare\s`)
)

// aside returns the kind of a statement that is set aside, empty for any other.
func (r *replay) aside(st suites.Statement) string {
	v := st.Verdict
	switch {
	case st.Answer == suites.Refused && v.Op == "SET CONSTRAINTS":
		return deferredTrigger
	case st.Answer != suites.Ran:
	case v.Class == sqlguard.Unproven && slices.ContainsFunc(v.Calls, r.madeBySuite):
		return madeBySuite
	case v.Class != sqlguard.Write || prepares.MatchString(st.SQL):
	case v.Op == "SET" || v.Op == "RESET":
		return setting
	case sequenceFunction.MatchString(v.Why):
		return temporarySequence
	case maintenanceFunction.MatchString(v.Why), vacuums.MatchString(st.SQL):
		return maintenance
	case len(v.Tables) > 0 && r.temporary(v.Tables):
		return temporaryTable
	}
	return ""
}

// madeBySuite asks the server whether what a verdict calls by name is not built in.
func (r *replay) madeBySuite(call string) bool {
	const (
		functions = "SELECT pronamespace FROM pg_catalog.pg_proc WHERE proname"
		types     = "SELECT typnamespace FROM pg_catalog.pg_type WHERE typname"
		operators = "SELECT oprnamespace FROM pg_catalog.pg_operator WHERE oprname"
	)
	kind, name, found := strings.Cut(call, " ")
	catalogs := map[string]string{"type": types, "operator": operators}[kind]
	if !found {
		name, catalogs = call, functions+" = %[1]s UNION "+types // type('value') is a cast
	}
	if catalogs == "" {
		return false
	}
	if schema, rest, ok := strings.Cut(name, "."); ok && schema != "" && rest != "" {
		name = rest
	}
	catalogs = strings.ReplaceAll(catalogs, "%[1]s", literal(name))
	results, err := r.exec("SELECT EXISTS (SELECT FROM ("+catalogs+" = "+literal(name)+") AS found (namespace)"+
		" WHERE namespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace))", nil)
	c := cells(results)
	return err == nil && len(c) == 1 && c[0] == "t"
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
func cells(results []result) []string {
	var all []string
	for _, result := range results {
		for _, row := range result.rows {
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
func gset(s *script, results []result, prefix string) {
	if len(results) == 0 || len(results[len(results)-1].rows) != 1 {
		return
	}
	last := results[len(results)-1]
	for i, column := range last.columns {
		s.vars[prefix+column] = string(last.rows[0][i])
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
	in := &input{rows: func() []byte { return []byte(s.data()) }}
	if name := strings.Trim(m[2], "'"); name != m[2] {
		rows, err := os.ReadFile(filepath.Join(s.vars["abs_srcdir"], name))
		if err != nil {
			r.skip++
			return
		}
		in.rows = func() []byte { return rows }
	}
	r.set("off", r.conn.TxStatus())
	r.exec("COPY "+m[1]+"STDIN"+m[3], in)
}
