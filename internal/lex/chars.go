package lex

// class is a set of character classes; a byte may be in several.
type class uint8

const (
	digit class = 1 << iota
	hexLetter
	letter // ASCII letters, underscore, and every byte above 0x7F
	dollar
	space   // white space of PostgreSQL and MySQL
	pgOp    // may be part of a PostgreSQL operator
	control // control characters
)

var classes = func() (t [256]class) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = digit
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= 0x80:
			t[c] = letter
		case c < 0x20, c == 0x7F:
			t[c] = control
		}
	}
	for _, c := range "abcdefABCDEF" {
		t[c] |= hexLetter
	}
	for _, c := range " \t\n\v\f\r" {
		t[c] |= space
	}
	for _, c := range "~!@#^&|`?+-*/%<>=" {
		t[c] |= pgOp
	}
	t['$'] |= dollar
	return t
}()

func is(c byte, k class) bool { return classes[c]&k != 0 }

// run returns the index of the first byte at or behind i that is in none of
// the classes k.
func run(s string, i int, k class) int {
	for i < len(s) && classes[s[i]]&k != 0 {
		i++
	}
	return i
}

// decimal returns the end of the number that starts at i with a digit or a
// dot: digits, dot, digits, exponent. Digits may hold the extra classes.
func decimal(s string, i int, extra class) int {
	i = run(s, i, digit|extra)
	if i < len(s) && s[i] == '.' {
		i = run(s, i+1, digit|extra)
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if k := run(s, j, digit); k > j {
			return run(s, k, digit|extra)
		}
	}
	return i
}
