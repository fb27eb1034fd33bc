package postgres

import "github.com/quiescehq/quiesce/internal/lex"

// reserved are the words that can name neither a function nor a type (the
// categories "reserved" and "non-reserved (cannot be function or type)" of appendix C
// of the PostgreSQL 16 manual), without those of DDL alone. Behind
// one of them a bracket or a string is no call and no typed literal; those of
// the second kind that act like functions only read.
var reserved = [...]string{
	"all", "and", "any", "array", "as", "asc", "asymmetric", "between", "both", "case", "cast", "coalesce",
	"collate", "desc", "distinct", "else", "end", "except", "exists", "extract", "fetch", "for", "from",
	"greatest", "group", "grouping", "having", "in", "intersect", "lateral", "leading", "least", "limit",
	"normalize", "not", "nullif", "offset", "on", "only", "or", "order", "overlay", "placing", "position",
	"row", "select", "some", "substring", "symmetric", "then", "to", "trailing", "trim", "union", "using",
	"values", "variadic", "when", "where", "with", "xmlconcat", "xmlelement", "xmlexists", "xmlforest",
}

// typeKeywords are the SQL names of built-in types, which are keywords that can
// name no function.
var typeKeywords = [...]string{
	"bigint", "bit", "boolean", "char", "character", "dec", "decimal", "float", "int", "integer",
	"interval", "nchar", "numeric", "real", "smallint", "time", "timestamp", "varchar",
}

// aliases are the words of reserved and typeKeywords that can be an alias all the same
// (the category "non-reserved (cannot be function or type)"). Behind an operand
// they are one, and what looks like a call is a list of columns with their types: FROM f() coalesce (a my_type).
var aliases = [...]string{
	"between", "bigint", "bit", "boolean", "char", "character", "coalesce", "dec", "decimal", "exists", "extract",
	"float", "greatest", "grouping", "int", "integer", "interval", "least", "nchar", "normalize", "nullif",
	"numeric", "overlay", "position", "real", "row", "smallint", "substring", "time", "timestamp", "trim", "values",
	"varchar", "xmlconcat", "xmlelement", "xmlexists", "xmlforest",
}

// isAlias reports whether the name at i stands where only an alias or an operator
// can: behind an operand, or behind AS.
func (s statement) isAlias(i int) bool {
	return s.isOperand(i-1) || s.word(i-1) == "as" && !s.op(i-2, ".")
}

// isSyntax reports whether the bracket behind the word at i belongs to the
// grammar and makes no call: IN (…), OVER (…), numeric(10, 2).
func (s statement) isSyntax(i int) bool {
	word := s.word(i)
	if word == "" || s.op(i-1, ".") {
		return false
	}
	if isBuiltin(aliases[:], word) && s.isAlias(i) {
		return s.at(i+2).kind == lex.Number // the length of a type
	}
	if isBuiltin(reserved[:], word) || isBuiltin(typeKeywords[:], word) {
		return true
	}
	switch word {
	case "over", "filter":
		return s.op(i-1, ")") && s.isWindow(i+2)
	case "by":
		return has([]string{"group", "order", "partition"}, s.word(i-1))
	case "sets":
		return s.word(i-1) == "grouping"
	case "materialized":
		return s.word(i-1) == "as" || s.word(i-1) == "not" && s.word(i-2) == "as"
	case "join":
		return has([]string{"inner", "left", "right", "full", "outer", "cross"}, s.word(i-1))
	}
	return false
}

// isWindow reports whether what stands from i on, behind a bracket, begins as a window or
// the condition of FILTER does, and as no list of columns with types can: FROM f()
// over (a my_type). A column may be called partition, and its type by, an array too.
func (s statement) isWindow(i int) bool {
	switch s.word(i) {
	case "order", "where":
		return true
	case "partition":
		return s.word(i+1) == "by" && !s.op(i+2, ",") && !s.op(i+2, ")") && !s.op(i+2, "[") &&
			s.word(i+2) != "array" && s.word(i+2) != "collate"
	}
	return s.op(i, ")")
}

// takesString reports whether the string behind the word at i is its operand,
// not a literal of the type that the word names.
func (s statement) takesString(i int) bool {
	word := s.word(i)
	if word == "" || s.op(i-1, ".") {
		return false
	}
	switch word {
	case "like", "ilike":
		before := i - 1
		if s.word(before) == "not" {
			before--
		}
		return s.isOperand(before)
	case "zone":
		return s.word(i-1) == "time" && has([]string{"at", "with", "without"}, s.word(i-2))
	case "precision":
		return s.word(i-1) == "double"
	}
	return isBuiltin(reserved[:], word)
}

// beforeOperands are words besides the reserved ones behind which an operand may begin.
var beforeOperands = []string{
	"by", "default", "escape", "first", "groups", "ilike", "is", "isnull", "join", "like", "next", "notnull", "operator",
	"overlaps", "passing", "range", "ref", "rows", "similar", "zone",
}

// isOperand reports whether the token at i ends an operand, so that an operator
// comes next.
func (s statement) isOperand(i int) bool {
	t := s.at(i)
	switch t.kind {
	case lex.Ident, lex.Number, lex.Param, lex.String:
		return true
	case lex.Op:
		return t.text == ")" || t.text == "]"
	case lex.Word:
		return s.op(i-1, ".") || !isBuiltin(reserved[:], t.text) && !has(beforeOperands, t.text) &&
			(t.text != "value" || s.word(i-1) != "by")
	}
	return false
}
