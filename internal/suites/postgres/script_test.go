package postgres

import (
	"strings"
)

// script reads the statements of a file that was written for psql. It knows what a
// statement's end depends on: quotes, comments, brackets, the bodies of SQL functions, and psql's
// variables and backslash commands.
type script struct {
	text string
	pos  int
	vars map[string]string
	// escapes reports whether a backslash escapes in a plain string, which the
	// server's setting standard_conforming_strings decides.
	escapes func() bool

	query     strings.Builder
	begins    int      // where the query at hand begins in the text
	brackets  int      // open brackets of the query
	bodies    int      // open BEGIN … END and CASE … END in the body of a function
	firstWord []string // of the query, up to four
	branches  []branch // open \if
}

// piece is what psql would act on at once: a query that it sends, or a backslash
// command.
type piece struct {
	line    int
	query   string
	command string // without its backslash; "g" and its like send the query
	args    string // the rest of the command's line
}

// next returns the next piece, and false at the end of the text.
func (s *script) next() (piece, bool) {
	for s.pos < len(s.text) {
		if p, ok := s.step(); ok {
			return p, true
		}
	}
	if strings.TrimSpace(s.query.String()) == "" {
		return piece{}, false
	}
	return s.send("", ""), true
}

// step reads one token, and returns a piece if it ends one.
func (s *script) step() (piece, bool) {
	rest := s.text[s.pos:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"):
		s.take(lineLength(rest))
	case strings.HasPrefix(rest, "/*"):
		s.take(commentLength(rest))
	case c == '\'':
		s.take(quotedLength(rest, '\'', s.escapes() || s.afterE()))
	case c == '"':
		s.take(quotedLength(rest, '"', false))
	case c == '$' && !s.afterName():
		s.take(dollarLength(rest))
	case c == ':':
		s.variable(rest)
	case c == '\\':
		return s.backslash(rest)
	case c == ';' && s.brackets <= 0 && s.bodies == 0:
		s.pos++
		return s.send("", ""), s.active()
	case isNameStart(c):
		word := nameAt(rest)
		s.take(len(word))
		s.word(strings.ToLower(word))
	default:
		if c == '(' {
			s.brackets++
		} else if c == ')' {
			s.brackets--
		}
		s.take(1)
	}
	return piece{}, false
}

// take moves n bytes of the text to the query. White space and comments
// do not begin one.
func (s *script) take(n int) {
	part := s.text[s.pos : s.pos+n]
	comment := strings.HasPrefix(part, "--") || strings.HasPrefix(part, "/*")
	if s.query.Len() == 0 {
		s.begins = s.pos
		if comment || strings.TrimSpace(part) == "" {
			part = ""
		}
	}
	s.pos += n
	if s.active() {
		s.query.WriteString(part)
	}
}

// send ends the query at hand.
func (s *script) send(command, args string) piece {
	p := piece{line: 1 + strings.Count(s.text[:s.begins], "\n"), query: s.query.String(), command: command, args: args}
	s.reset()
	return p
}

func (s *script) reset() {
	s.query.Reset()
	s.brackets, s.bodies, s.firstWord = 0, 0, s.firstWord[:0]
}

// word follows CREATE FUNCTION … BEGIN ATOMIC … END, the semicolons of which
// end no query.
func (s *script) word(word string) {
	if len(s.firstWord) < 4 {
		s.firstWord = append(s.firstWord, word)
	}
	first := strings.Join(s.firstWord, " ")
	routine := false
	for _, head := range []string{"create function", "create procedure", "create or replace function", "create or replace procedure"} {
		routine = routine || strings.HasPrefix(first, head)
	}
	switch {
	case !routine || s.brackets > 0:
	case word == "begin", word == "case" && s.bodies > 0:
		s.bodies++
	case word == "end" && s.bodies > 0:
		s.bodies--
	}
}

// variable replaces :name, :'name', :"name" and :{?name}.
func (s *script) variable(rest string) {
	if strings.HasPrefix(rest, "::") || strings.HasPrefix(rest, ":=") {
		s.take(2)
		return
	}
	value, n := s.interpolate(rest)
	if n == 0 {
		s.take(1)
		return
	}
	if s.query.Len() == 0 {
		s.begins = s.pos
	}
	s.pos += n
	if s.active() {
		s.query.WriteString(value)
	}
}

// interpolate returns the value of the variable that text begins with, and the length of
// its reference; 0 if it is none.
func (s *script) interpolate(text string) (value string, n int) {
	quote := byte(0)
	name := text[1:]
	if name != "" && (name[0] == '\'' || name[0] == '"') {
		quote, name = name[0], name[1:]
	}
	if inner, ok := strings.CutPrefix(name, "{?"); ok {
		inner, _, ok = strings.Cut(inner, "}")
		if _, set := s.vars[inner]; ok && set {
			return "TRUE", len(inner) + 4
		}
		return "FALSE", len(inner) + 4
	}
	end := 0
	for end < len(name) && isNamePart(name[end]) && name[end] != '$' {
		end++
	}
	value, ok := s.vars[name[:end]]
	if !ok || end == 0 {
		return "", 0
	}
	if quote == 0 {
		return value, 1 + end
	}
	if end >= len(name) || name[end] != quote {
		return "", 0
	}
	q := string(quote)
	return q + strings.ReplaceAll(value, q, q+q) + q, end + 3
}

// data returns the lines that follow the line at hand, up to the one with \. alone:
// the rows of COPY FROM STDIN.
func (s *script) data() string {
	s.pos += lineLength(s.text[s.pos:])
	start := s.pos
	for s.pos < len(s.text) {
		line := s.text[s.pos:]
		line = line[:lineLength(line)]
		end := s.pos
		s.pos += len(line)
		if strings.TrimRight(line, "\r\n") == `\.` {
			return s.text[start:end]
		}
	}
	return s.text[start:]
}

// afterE reports whether the quote at hand belongs to an E'…' string.
func (s *script) afterE() bool {
	if s.pos == 0 || s.text[s.pos-1]|0x20 != 'e' {
		return false
	}
	return s.pos == 1 || !isNamePart(s.text[s.pos-2])
}

func (s *script) afterName() bool { return s.pos > 0 && isNamePart(s.text[s.pos-1]) }

func isNameStart(c byte) bool {
	return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}

func isNamePart(c byte) bool { return isNameStart(c) || '0' <= c && c <= '9' || c == '$' }

func nameAt(text string) string {
	n := 0
	for n < len(text) && isNamePart(text[n]) {
		n++
	}
	return text[:n]
}

// lineLength is the length of the first line, with its end.
func lineLength(text string) int {
	if n := strings.IndexByte(text, '\n'); n >= 0 {
		return n + 1
	}
	return len(text)
}

// commentLength is the length of a comment, in which others may nest.
func commentLength(text string) int {
	for depth, i := 0, 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(text[i:], "*/"):
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

func quotedLength(text string, quote byte, escapes bool) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && escapes:
			i++
		case text[i] == quote:
			return i + 1 // a doubled quote begins the next part
		}
	}
	return len(text)
}

// dollarLength is the length of a dollar-quoted string, 1 if the dollar begins none.
func dollarLength(text string) int {
	end := 1
	for end < len(text) && isNamePart(text[end]) && text[end] != '$' {
		end++
	}
	if end >= len(text) || text[end] != '$' || '0' <= text[1] && text[1] <= '9' {
		return 1
	}
	tag := text[:end+1]
	if n := strings.Index(text[len(tag):], tag); n >= 0 {
		return n + 2*len(tag)
	}
	return len(text)
}
