package sqlguard

import (
	"errors"
	"strings"
)

// pattern is a table's or function's name in a policy, in which "*" stands for
// any run of characters.
type pattern struct {
	schema, name string
	qualified    bool // a schema was written, perhaps "*"
}

// parsePattern takes a pattern apart. Its errors follow the quoted pattern.
func parsePattern(text string) (pattern, error) {
	if strings.TrimSpace(text) == "" {
		return pattern{}, errors.New("is empty; expected name or schema.name")
	}
	if !strings.HasPrefix(text, operatorPrefix) && !strings.HasPrefix(text, typePrefix) {
		if strings.ContainsAny(text, " \t\r\n\"`'[](),;") {
			return pattern{}, errors.New("is malformed; expected name or schema.name, without quotes, spaces or commas")
		}
	}
	schema, name := splitName(text)
	p := pattern{schema: schema, name: name, qualified: schema != ""}
	if dots := strings.Count(text, "."); !strings.HasPrefix(text, operatorPrefix) &&
		(dots > 1 || dots == 1 && (schema == "" || name == "")) {
		return pattern{}, errors.New("is malformed; expected name or schema.name")
	}
	return p, nil
}

// How a verdict's Calls write what is not a function.
const (
	operatorPrefix = "operator "
	typePrefix     = "type "
	cursorPrefix   = "cursor "
)

// kindOf returns the prefix of what is not a function, and nothing for a function.
func kindOf(call string) string {
	for _, prefix := range []string{operatorPrefix, typePrefix, cursorPrefix} {
		if strings.HasPrefix(call, prefix) {
			return prefix
		}
	}
	return ""
}

// splitName parts schema.name. An operator's name may hold dots of its own, and
// has its schema before the last word: it is left whole.
func splitName(text string) (schema, name string) {
	if strings.HasPrefix(text, operatorPrefix) {
		return "", text
	}
	if before, after, found := strings.Cut(text, "."); found {
		return before, after
	}
	return "", text
}

// matchesEverything reports whether the pattern says nothing but stars.
func (p pattern) matchesEverything() bool { return strings.Trim(p.schema+p.name, "*") == "" }

// matches reports whether the pattern certainly means this name.
func (p pattern) matches(schema, name string, fold bool) bool {
	if strings.HasPrefix(p.name, operatorPrefix) {
		return p.name == name // its stars are the operator's own
	}
	if !glob(p.name, name, fold) {
		return false
	}
	if schema == "" {
		return !p.qualified || p.schema == "*"
	}
	return p.qualified && glob(p.schema, schema, fold)
}

// mayMatch reports whether the pattern may mean this name: where either side
// has no schema, it may be any, a name that is not given may be any, and
// letters match in either case.
func (p pattern) mayMatch(schema, name string) bool {
	if name != "" && !glob(p.name, name, true) {
		return false
	}
	return !p.qualified || schema == "" || glob(p.schema, schema, true)
}

// glob reports whether text matches a pattern in which "*" is any run of
// characters. It goes back to the last star only, so it takes at most the
// product of the two lengths.
func glob(pat, text string, fold bool) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(text) {
		switch {
		case i < len(pat) && pat[i] == '*':
			star, mark = i, j
			i++
		case i < len(pat) && sameByte(pat[i], text[j], fold):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(pat) && pat[i] == '*' {
		i++
	}
	return i == len(pat)
}

// sameByte compares two bytes, without regard to ASCII case if fold is true.
func sameByte(a, b byte, fold bool) bool {
	return a == b || fold && lower(a) == lower(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
