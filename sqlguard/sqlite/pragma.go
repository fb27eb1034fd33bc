package sqlite

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// pragmaKind says what a PRAGMA may be used for.
type pragmaKind uint8

const (
	// reads: without an argument it only reads.
	reads pragmaKind = 1 << iota
	// readsArgument: with an argument, too.
	readsArgument
	// settable: its argument changes nothing but the session's own comfort.
	settable
	// switchable: its argument may only be on, which takes rights away.
	switchable
	// writes: with an argument, or without if it does not read, it writes the file.
	writes
)

type pragmaRule struct{ kind pragmaKind }

// pragmas are the PRAGMAs of SQLite 3. What a rule does not allow is an Escape: it
// would lift or weaken a setting; a PRAGMA that is not here is not understood.
var pragmas = pragmaRules(map[pragmaKind]string{
	reads | readsArgument: `collation_list compile_options database_list foreign_key_check foreign_key_list function_list
		index_info index_list index_xinfo integrity_check module_list pragma_list quick_check stats table_info table_list table_xinfo`,
	reads | settable:   `busy_timeout cache_size cache_spill analysis_limit automatic_index`,
	reads | switchable: `query_only foreign_keys cell_size_check`,
	reads | writes: `application_id auto_vacuum default_cache_size encoding journal_mode page_size schema_version
		user_version`,
	writes: `incremental_vacuum optimize wal_checkpoint`,
	reads: `checkpoint_fullfsync count_changes data_version defer_foreign_keys empty_result_callbacks freelist_count
		full_column_names fullfsync hard_heap_limit ignore_check_constraints journal_size_limit legacy_alter_table
		legacy_file_format locking_mode max_page_count mmap_size page_count read_uncommitted recursive_triggers
		reverse_unordered_selects secure_delete short_column_names soft_heap_limit synchronous temp_store threads
		trusted_schema wal_autocheckpoint writable_schema`,
	0: `case_sensitive_like data_store_directory lock_proxy_file shrink_memory temp_store_directory`,
})

func pragmaRules(lists map[pragmaKind]string) map[string]pragmaRule {
	m := make(map[string]pragmaRule)
	for kind, list := range lists {
		for _, name := range strings.Fields(list) {
			m[name] = pragmaRule{kind}
		}
	}
	return m
}

// findPragma returns the rule of a PRAGMA, whose name is written in any case.
func findPragma(name string) (pragmaRule, bool) {
	var lower [32]byte // longer than all names
	rule, known := pragmas[string(lex.Fold(lower[:], name))]
	return rule, known
}

// pragma judges PRAGMA name, PRAGMA name = value and PRAGMA name(value), with a
// schema before the name or without. All that are more than reads act while they
// are prepared.
func (p *parser) pragma() {
	p.shift()
	_, name, ok := p.table()
	if !ok {
		p.misunderstood("PRAGMA without a name")
		p.skipRest()
		return
	}
	argument := p.Is('=') || p.Is('(')
	on := argument && p.switchesOn()
	if !argument && !p.end() {
		p.misunderstood("PRAGMA with something unknown behind it")
	}
	p.skipRest()
	text, _ := name.Token().Name(p.src)
	rule, known := findPragma(text)
	kind := rule.kind
	switch {
	case !known:
		p.raise(sqlguard.Write, "PRAGMA", "a PRAGMA that is not known")
	case !argument && kind&reads != 0, argument && kind&readsArgument != 0:
		p.raise(sqlguard.Read, "PRAGMA", "reads a setting or the schema")
		return
	case argument && kind&settable != 0:
		p.raise(sqlguard.Session, "PRAGMA", "sets a harmless setting of the session")
	case kind&switchable != 0 && on:
		p.raise(sqlguard.Session, "PRAGMA", "makes the session stricter")
	case kind&writes != 0:
		p.raise(sqlguard.Write, "PRAGMA", "a PRAGMA that writes")
	default:
		p.raise(sqlguard.Escape, "PRAGMA", "lifts or weakens a setting")
	}
	p.v.AtPrepare = true
}

// switchesOn moves behind the argument and reports whether it is one of those
// that every version takes for true.
func (p *parser) switchesOn() bool {
	parenthesis := p.Is('(')
	p.shift()
	on := false
	switch p.Kind() {
	case lex.Number:
		on = p.Text() == "1"
	case lex.Word, lex.Ident, lex.String:
		switch p.lower(p.Lexeme) {
		case "on", "yes", "true", "1":
			on = true
		}
	}
	p.shift()
	if parenthesis {
		if !p.Is(')') {
			return false
		}
		p.shift()
	}
	return on && p.end()
}
