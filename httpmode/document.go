package httpmode

import "strings"

// operation is one operation of a GraphQL document.
type operation struct{ kind, name string }

// maxOperations is how many operations a document may have to be understood.
const maxOperations = 1000

// scanOperations returns the operations of a GraphQL document. It knows just as much
// of the language (October 2021, 2) as is needed for that: tokens, and which brackets
// belong together. It reports false for what cannot be a document.
func scanOperations(document string) (operations []operation, ok bool) {
	s := documentScanner{rest: strings.TrimPrefix(document, "\ufeff")}
	for len(operations) <= maxOperations {
		switch token := s.next(); {
		case token == "":
			return operations, !s.failed
		case token == "{": // a query in short
			operations = append(operations, operation{kind: "query"})
			s.skip("}")
		case token == "query", token == "mutation", token == "subscription":
			op := operation{kind: token}
			if token = s.next(); isName(token) {
				op.name = token
				token = s.next()
			}
			operations = append(operations, op)
			s.definition(token)
		case isName(token): // a fragment, or a definition of types
			s.definition(s.next())
		default:
			return nil, false
		}
		if s.failed {
			return nil, false
		}
	}
	return nil, false
}

// documentScanner reads tokens. Commas, comments and descriptions are none.
type documentScanner struct {
	rest   string
	failed bool
}

// definition reads the rest of a definition, from a token on: to the end of its selection.
func (s *documentScanner) definition(token string) {
	for ; ; token = s.next() {
		switch token {
		case "(":
			s.skip(")")
		case "[":
			s.skip("]")
		case "{":
			s.skip("}")
			return
		case "":
			s.failed = true // it ends without a selection
			return
		case ")", "]", "}":
			s.failed = true
			return
		}
	}
}

// skip reads to the bracket that closes the one that was read last.
func (s *documentScanner) skip(closing string) {
	open := []byte(closing)
	for len(open) > 0 {
		switch token := s.next(); token {
		case "":
			s.failed = true
			return
		case "(":
			open = append(open, ')')
		case "[":
			open = append(open, ']')
		case "{":
			open = append(open, '}')
		case ")", "]", "}":
			if open[len(open)-1] != token[0] {
				s.failed = true
				return
			}
			open = open[:len(open)-1]
		}
	}
}

// next returns the next token: a name, or a single character that stands for itself
// or for a part of a number. It is "" at the end, and where the scanner has failed.
func (s *documentScanner) next() string {
	for s.rest != "" && !s.failed {
		switch c := s.rest[0]; {
		case c == ' ', c == '\t', c == '\n', c == '\r', c == ',':
			s.rest = s.rest[1:]
		case c == '#':
			end := strings.IndexAny(s.rest, "\r\n")
			if end < 0 {
				end = len(s.rest)
			}
			s.rest = s.rest[end:]
		case c == '"':
			s.string()
		case isNameByte(c):
			end := 1
			for end < len(s.rest) && isNameByte(s.rest[end]) {
				end++
			}
			return s.take(end)
		default:
			return s.take(1)
		}
	}
	return ""
}

func (s *documentScanner) take(n int) string {
	token := s.rest[:n]
	s.rest = s.rest[n:]
	return token
}

// string reads a string, or a block string, in which only \""" is an escape.
func (s *documentScanner) string() {
	if text, isBlock := strings.CutPrefix(s.rest, `"""`); isBlock {
		for {
			before, after, found := strings.Cut(text, `"""`)
			if s.failed = !found; !found {
				return
			}
			text = after
			if !strings.HasSuffix(before, `\`) {
				s.rest = after
				return
			}
		}
	}
	for i := 1; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '"':
			s.rest = s.rest[i+1:]
			return
		case '\\':
			i++
		case '\n', '\r':
			s.failed = true
			return
		}
	}
	s.failed = true
}

func isNameByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isName reports whether a token is a name. What begins with a digit is a number.
func isName(token string) bool {
	return token != "" && isNameByte(token[0]) && (token[0] < '0' || token[0] > '9')
}
