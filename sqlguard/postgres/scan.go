package postgres

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// scan reads the tokens of one query for all that could make it more than a
// read. It errs on the side of refusing: where the grammar would be needed to
// tell a call from something harmless, it is a call.
type scan struct {
	statement
	newer   bool // the grammar may be newer: clauses that are not known are no reason to refuse
	casts   bool // there is a CAST
	explain bool // inside EXPLAIN, where functions that do more than read count as unknown
	calls   []placed[string]
	verdict sqlguard.Verdict
}

// query judges the query that begins at i.
func (s *scan) query(i int) sqlguard.Verdict {
	s.verdict = verdict(sqlguard.Read, sqlguard.OpSelect, "only reads")
	for _, t := range s.statement {
		s.casts = s.casts || t.kind == lex.Word && t.text == "cast"
	}
	for ; i < len(s.statement); i++ {
		switch t := s.at(i); t.kind {
		case lex.Word:
			s.keyword(i, t.text)
		case lex.Op:
			s.operator(i, t.text)
		}
		if s.isName(i) {
			s.name(i)
		}
	}
	v := s.verdict
	v.Calls = inTextOrder(s.calls)
	if len(v.Calls) > 0 && v.Class < sqlguard.Unproven {
		v.Class = sqlguard.Unproven
		v.Why = "uses " + v.Calls[0] + ", which is not known to only read"
	}
	return v
}

func (s *scan) raise(class sqlguard.Class, op sqlguard.Op, why string) {
	v := &s.verdict
	if class > v.Class || class == sqlguard.Lock && v.Class == class && lockRank(op) > lockRank(v.Op) {
		v.Class, v.Op, v.Why = class, op, why
		v.Complete = v.Complete && class < sqlguard.Lock
	}
}

// keyword finds the words that make a query write or lock, and those behind
// which a type may stand. Behind a dot or AS each of them is a name.
func (s *scan) keyword(i int, word string) {
	if s.op(i-1, ".") || s.word(i-1) == "as" && s.word(i-2) != "as" && !s.op(i-2, ".") {
		return
	}
	switch word {
	case "insert", "delete", "merge":
		s.raise(sqlguard.Write, sqlguard.OpUnknown, "may change data in a WITH clause")
	case "update":
		if before := s.word(i - 1); before != "for" && (before != "key" || s.word(i-2) != "no") {
			s.raise(sqlguard.Write, sqlguard.OpUnknown, "may change data in a WITH clause")
		}
	case "into":
		if before := s.word(i - 1); before == "insert" || before == "merge" {
			s.raise(sqlguard.Write, sqlguard.OpUnknown, "may change data in a WITH clause")
		} else {
			s.raise(sqlguard.Schema, "SELECT INTO", "creates a table")
		}
	case "for":
		switch s.word(i + 1) {
		case "update", "no", "share", "key":
			s.raise(sqlguard.Lock, sqlguard.OpLock, "locks rows")
		}
	case "returning", "columns", "treat", "xmlserialize", "xmltable":
		if !s.newer { // types in them would go unseen
			s.raise(sqlguard.Write, sqlguard.OpUnknown, "cannot be judged without the parser")
		}
	case "tablesample": // its method is a function of another kind
		s.call("tablesample")
	case "as":
		s.as(i)
	}
}

// as finds AS (a my_type, …), the columns of a function's result. What else
// stands between brackets behind AS is a query. Where there is a CAST, every AS
// may name its type.
func (s *scan) as(i int) {
	switch {
	case s.op(i+1, "("):
		// A column of a function's result can be called values.
		if !s.newer && (!s.isQuery(i+1) || s.word(i+2) == "values" && !s.op(i+3, "(")) {
			s.raise(sqlguard.Write, sqlguard.OpUnknown, "cannot be judged without the parser")
		}
	case s.casts:
		s.typeAt(i + 1)
	}
}

// operator judges an operator. The lexer returns brackets and other marks as
// operators too.
func (s *scan) operator(i int, op string) {
	switch op {
	case ")":
		if s.at(i+1).kind == lex.String { // name (1) '2' is a literal of the type name
			s.call("type")
		}
	case "(", "[", "]", ",", ".", "..", ":", "=>", ":=", "!=":
	case "::":
		s.typeAt(i + 1)
	default:
		if !isBuiltin(operators[:], op) {
			s.call("operator " + op)
		}
	}
}

func (s *scan) call(name string) {
	s.calls = append(s.calls, placed[string]{what: name})
}

// qualifiedAt returns the name that ends at i and the schema before it.
func (s statement) qualifiedAt(i int) (schema, name string, ok bool) {
	t := s.at(i)
	if t.opaque {
		return "", "", false
	}
	if s.op(i-1, ".") {
		before := s.at(i - 2)
		if !s.isName(i-2) || before.opaque {
			return "", "", false
		}
		schema = before.text
	}
	return schema, t.text, true
}

// name judges a name by what follows it: a bracket makes it a function, a
// string makes it a type.
func (s *scan) name(i int) {
	switch {
	case s.op(i+1, "("):
		if !s.isSyntax(i) {
			s.function(i)
		}
	case s.at(i+1).kind == lex.String:
		if !s.takesString(i) {
			s.typeAt(i)
		}
	}
}

// function judges the call of the function whose name ends at i.
func (s *scan) function(i int) {
	schema, name, ok := s.qualifiedAt(i)
	if !ok {
		s.raise(sqlguard.Write, sqlguard.OpUnknown, "calls a function whose name is not decoded")
		return
	}
	e := effectOf(schema, name)
	alias := schema == "" && name != "overlaps" && s.isAlias(i) // FROM f() lower (a my_type)
	if e == reads && alias || s.explain && e != reads {
		e = unlisted
	}
	switch e {
	case reads:
	case writes:
		s.raise(sqlguard.Write, sqlguard.OpSelect, "calls "+name+", which does not only read")
	case escapes:
		s.raise(sqlguard.Escape, sqlguard.OpSelect, "calls "+name+", which reaches beyond the session")
	case locks:
		s.raise(sqlguard.Lock, sqlguard.OpAdvisoryLock, "takes an advisory lock")
	case unlocks:
		s.raise(sqlguard.Lock, sqlguard.OpUnlock, "releases an advisory lock")
	case configures:
		s.raise(sqlguard.Session, "SET", "changes a setting of the session") // escape has looked at it
	default:
		s.call(joined("", schema, name))
	}
}

// typeAt judges the type whose name begins or ends at i.
func (s *scan) typeAt(i int) {
	for s.op(i+1, ".") {
		i += 2
	}
	schema, name, ok := s.qualifiedAt(i)
	switch {
	case !s.isName(i) || !ok:
		s.call("type")
	case schema == "" && s.at(i).kind == lex.Word && (isBuiltin(typeKeywords[:], name) || name == "double" && s.word(i+1) == "precision"):
	case (schema == "" || schema == catalog) && isBuiltin(types[:], name):
	default:
		s.call(joined("type ", schema, name))
	}
}

// escape reports whether the statement may call what lifts a read-only setting.
func (s *scan) escape() bool {
	for i := range s.statement {
		if !s.isName(i) || !s.op(i+1, "(") {
			continue
		}
		switch schema, name, ok := s.qualifiedAt(i); {
		case !ok: // whatever it is, it was not taken for a read
		case effectOf(schema, name) == escapes:
			return true
		case effectOf(schema, name) == configures:
			setting := s.at(i + 2)
			if setting.kind != lex.String || setting.opaque || !s.op(i+3, ",") || settingOf(setting.text) != harmless {
				return true
			}
		}
	}
	return false
}
