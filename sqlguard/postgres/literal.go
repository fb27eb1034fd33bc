package postgres

import "strings"

// option is a DefElem: an option of EXPLAIN or BEGIN, by name and value.
type option struct {
	name     string
	hasValue bool
	value    literal
}

// option reads {"DefElem":{…}}.
func (w *walker) option() option {
	var o option
	w.expect('{')
	if w.key() != "DefElem" {
		w.fail()
	}
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "defname":
			o.name = w.str()
		case "arg":
			o.hasValue = true
			o.value = w.literal()
		default:
			w.skip()
		}
	}
	w.expect('}')
	return o
}

// literal is a constant of the text: a number, a word or a string.
type literal struct {
	known bool // it is a constant at all
	text  string
}

// literal reads one value of any kind, and knows it if it is a constant:
// {"Integer":{"ival":1}}, {"String":{"sval":"on"}} or
// {"A_Const":{"sval":{"sval":"on"}}}.
func (w *walker) literal() literal {
	start := w.pos
	w.skip()
	if w.failed {
		return literal{}
	}
	r := reader{text: w.text[start:w.pos]}
	r.open('{')
	kind := r.key()
	if kind != "A_Const" && kind != "Integer" && kind != "String" {
		return literal{}
	}
	r.open('{')
	if kind == "A_Const" {
		if field, _ := r.field(); field != "ival" && field != "sval" {
			return literal{}
		}
		r.open('{')
	}
	switch field, _ := r.field(); field {
	case "": // libpg_query leaves 0 out
		return literal{known: !r.failed, text: "0"}
	case "ival":
		text := r.scalar()
		return literal{known: !r.failed, text: text}
	case "sval":
		text := r.str()
		return literal{known: !r.failed, text: text}
	}
	return literal{}
}

// isTrue and isFalse report what the server certainly takes for true or false
// (parse_bool of utils/adt/bool.c and defGetBoolean accept these and more).
func (l literal) isTrue() bool  { return l.known && oneOf(l.text, "on", "true", "yes", "1") }
func (l literal) isFalse() bool { return l.known && oneOf(l.text, "off", "false", "0") }

// oneOf reports whether s is one of the words, in any case.
func oneOf(s string, words ...string) bool {
	for _, word := range words {
		if strings.EqualFold(s, word) {
			return true
		}
	}
	return false
}
