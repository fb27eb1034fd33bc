package postgres

import (
	"strconv"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// catalog is the schema of what PostgreSQL brings along.
const catalog = "pg_catalog"

// qualified reads a list of names, [{"String":{"sval":"a"}}, …], and returns
// the last one and the one before it.
func (w *walker) qualified() (schema, name string) {
	w.open('[')
	for w.element() {
		schema = name
		if !w.prefix(`{"String":{"sval":`) {
			w.fail()
			break
		}
		name = w.str()
		w.expect('}')
		w.expect('}')
	}
	return schema, name
}

// joined writes a name as it is reported.
func joined(kind, schema, name string) string {
	if schema != "" {
		schema += "."
	}
	return strings.Clone(kind + schema + name)
}

// place reads a place in the text. Where there is none, the tree has -1, which is read as some negative number.
func (w *walker) place() int {
	n := 0
	for _, c := range []byte(w.scalar()) {
		n = 10*n + int(c-'0')
	}
	return n
}

// funcCall judges a call: by its name, and for set_config by what it sets.
func (w *walker) funcCall() {
	var schema, name string
	args, at := -1, 0
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "funcname":
			schema, name = w.qualified()
		case "args":
			args = w.pos
			w.value(key)
		case "location":
			at = w.place()
		default:
			w.value(key)
		}
	}
	w.verdict.Functions = true
	if w.failed || w.effect(schema, name, args) {
		return
	}
	w.call(joined("", schema, name), at)
}

// effect acts on what a known function does, and reports whether it is known.
// Under EXPLAIN without ANALYZE a function that is known to write is not called
// by the server, but one of the same name may be; so it counts as unknown there.
func (w *walker) effect(schema, name string, args int) bool {
	e := effectOf(schema, name)
	switch {
	case e == reads:
		return true
	case e == unlisted || w.planning:
		return false
	case e == writes:
		w.raise(sqlguard.Write, sqlguard.OpSelect, "calls "+name+", which does not only read")
		w.incomplete()
	case e == locks:
		w.raise(sqlguard.Lock, sqlguard.OpAdvisoryLock, "takes an advisory lock")
	case e == unlocks:
		w.raise(sqlguard.Lock, sqlguard.OpUnlock, "releases an advisory lock")
	case e == escapes:
		w.raise(sqlguard.Escape, sqlguard.OpSelect, "calls "+name+", which reaches beyond the session")
	case e == configures:
		w.setConfig(args)
	case e == opens:
		return w.opensToRead(args)
	case e == parses:
		return w.parsesBuiltin(args)
	}
	return true
}

// opensToRead reports whether the mode of lo_open is a constant without INV_WRITE
// (libpq/libpq-fs.h). With it the server refuses in a read-only transaction, since 16. The
// tree has the same for 0 and for any negative number, so that is no constant here.
func (w *walker) opensToRead(args int) bool {
	const invWrite = 0x20000
	values := w.literals(args)
	if len(values) != 2 || !values[1].known {
		return false
	}
	mode, err := strconv.Atoi(values[1].text)
	return err == nil && mode > 0 && mode&invWrite == 0
}

// parsesBuiltin reports whether the type that pg_input_is_valid is given is a constant
// that names a built-in one. A domain would have its CHECK run.
func (w *walker) parsesBuiltin(args int) bool {
	values := w.literals(args)
	if len(values) != 2 || !values[1].known {
		return false
	}
	name := strings.TrimSuffix(strings.ToLower(values[1].text), "[]")
	if open := strings.IndexByte(name, '('); open >= 0 && strings.Trim(name[open:], "(0123456789, )") == "" {
		name = name[:open]
	}
	return isOfCatalog(builtinTypes, "", name) || isBuiltin(typeKeywords[:], name)
}

// operator walks a node that names an operator in one of its fields. That the
// operator has a built-in name says that a built-in one exists, no more; see
// the package comment.
func (w *walker) operator(field string) {
	var schema, name string
	at := 0
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case field:
			schema, name = w.qualified()
		case "testexpr": // x IN (SELECT …) compares with =, and does not say so
			w.verdict.Functions = true
			w.value(key)
		case "location":
			at = w.place()
		default:
			w.value(key)
		}
	}
	if name == "" || w.failed {
		return
	}
	w.verdict.Functions = w.verdict.Functions || schema != catalog
	if isOfCatalog(builtinOperators, schema, name) {
		return
	}
	w.call(joined("operator ", schema, name), at)
}

// comparing walks a node that compares with the operator = if it has the
// field, without saying so.
func (w *walker) comparing(field string) {
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		w.verdict.Functions = w.verdict.Functions || key == field
		w.value(key)
	}
}

// join walks a join. USING and NATURAL compare with the operator =.
func (w *walker) join() {
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		w.verdict.Functions = w.verdict.Functions || key == "usingClause" || key == "isNatural"
		w.value(key)
	}
}

// typeName judges the type of a cast. A domain may have a CHECK that calls
// anything, a cast may be a function, and an enum is one of neither, but the
// text does not tell them apart.
func (w *walker) typeName() {
	var schema, name string
	at := 0
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "names":
			schema, name = w.qualified()
		case "location":
			at = w.place()
		default:
			w.value(key)
		}
	}
	if name == "" || w.failed {
		return
	}
	w.verdict.Functions = w.verdict.Functions || schema != catalog
	if isOfCatalog(builtinTypes, schema, strings.TrimPrefix(name, "_")) {
		return
	}
	w.call(joined("type ", schema, name), at)
}

// tableSample judges TABLESAMPLE by its method, which is a function.
func (w *walker) tableSample() {
	var schema, name string
	at := 0
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "method":
			schema, name = w.qualified()
		case "location":
			at = w.place()
		default:
			w.value(key)
		}
	}
	w.verdict.Functions = true
	if (schema == "" || schema == catalog) && (name == "system" || name == "bernoulli") {
		return
	}
	w.call(joined("", schema, name), at)
}
