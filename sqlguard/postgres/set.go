package postgres

import (
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// set judges SET and RESET in all forms.
func (w *walker) set() {
	var kind, name string
	args := -1
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "kind":
			kind = w.str()
		case "name":
			name = w.str()
		case "args":
			args = w.pos
			w.skip()
		default:
			w.skip()
		}
	}
	switch {
	case w.failed:
	case kind == "VAR_RESET_ALL":
		w.raise(sqlguard.Escape, "RESET ALL", "resets every setting, those that keep the session read-only too")
	case kind == "VAR_SET_MULTI":
		w.setModes(name, args)
	case kind == "VAR_RESET":
		w.setting("RESET", name, nil)
	case kind == "VAR_SET_VALUE":
		w.setting("SET", name, w.literals(args))
	default: // TO DEFAULT, FROM CURRENT
		w.setting("SET", name, nil)
	}
}

// setModes judges SET TRANSACTION and SET SESSION CHARACTERISTICS.
func (w *walker) setModes(name string, args int) {
	const op = "SET TRANSACTION"
	w.raise(sqlguard.Session, op, "controls the transaction")
	if name == "TRANSACTION SNAPSHOT" || args < 0 {
		return
	}
	end := w.pos
	w.pos = args
	if w.readWrite() {
		w.raise(sqlguard.Escape, op, "asks for a read-write transaction")
	}
	if !w.failed {
		w.pos = end
	}
}

// literals reads the list of values at one place of the tree.
func (w *walker) literals(at int) []literal {
	if at < 0 {
		return nil
	}
	var values []literal
	end := w.pos
	w.pos = at
	w.open('[')
	for w.element() {
		values = append(values, w.literal())
	}
	if !w.failed {
		w.pos = end
	}
	return values
}

// setConfig judges the function set_config by its first two arguments, which
// must be constants for it to be known what is set.
func (w *walker) setConfig(args int) {
	values := w.literals(args)
	if len(values) < 2 || !values[0].known {
		w.raise(sqlguard.Escape, "SET", "sets a setting that the text does not show")
		return
	}
	w.setting("SET", values[0].text, values[1:2])
}

// setting judges one assignment. Without values the setting goes back to what
// the session began with, which nobody can see here.
func (w *walker) setting(op sqlguard.Op, name string, values []literal) {
	if w.planning {
		return
	}
	var value literal
	if len(values) == 1 {
		value = values[0]
	}
	switch effect := settingOf(name); effect {
	case tightens:
		if !value.isTrue() {
			w.raise(sqlguard.Escape, op, "lifts a setting that keeps the session read-only, or its text readable")
		}
	case encodes:
		if !value.known || !isUTF8(value.text) {
			w.raise(sqlguard.Escape, op, "changes the encoding in which later texts are read")
		}
	case forbidden:
		w.raise(sqlguard.Escape, op, "changes how later texts are read or executed")
	case resolves:
		w.verdict.Shadows = w.verdict.Shadows || shadows(values)
	case unknownSetting:
		w.raise(sqlguard.Write, op, "changes a setting that is not known to be harmless")
		w.incomplete()
	}
	w.raise(sqlguard.Session, op, "changes a setting of the session")
}

// shadows reports whether a search path can put an application's own function
// in the place of a built-in one. No values are the path the session began with;
// the empty path is pg_catalog alone. In set_config a list is one string, which
// is then neither.
func shadows(values []literal) bool {
	for _, v := range values {
		if !v.known || v.text != catalog && v.text != "" {
			return true
		}
	}
	return false
}

// isUTF8 knows the names of UTF-8 as clean_encoding_name of common/encnames.c
// does: in any case, whatever is between letters and digits.
func isUTF8(name string) bool {
	plain := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, name)
	return plain == "utf8" || plain == "unicode"
}

// discard judges DISCARD.
func (w *walker) discard() {
	target := ""
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key == "target" {
			target = w.str()
		} else {
			w.skip()
		}
	}
	switch target {
	case "DISCARD_PLANS", "DISCARD_SEQUENCES":
		w.raise(sqlguard.Session, "DISCARD", "changes the session alone")
	case "DISCARD_TEMP":
		w.raise(sqlguard.Schema, "DISCARD TEMP", "drops the session's temporary tables")
		w.incomplete()
	default:
		w.raise(sqlguard.Escape, "DISCARD ALL", "resets every setting, those that keep the session read-only too")
	}
}
