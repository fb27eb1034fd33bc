package mysql

import (
	"slices"

	"github.com/quiescehq/quiesce/internal/lex"
)

// tokens reads the tokens of a text that count. A copy of it looks ahead.
type tokens struct {
	src     string
	lex     lex.Lexer
	tags    []string // beginnings of executable comments
	skipped int      // bit i: comments that begin with tags[i] are not executed
}

// read returns the next token that counts, without the bounds of executable
// comments and without the bodies of those that are skipped.
func (s *tokens) read() lex.Token {
	for {
		t := s.lex.Next()
		switch t.Kind {
		case lex.ExecClose:
			continue
		case lex.ExecOpen:
			if i := slices.Index(s.tags, t.Text(s.src)); i >= 0 && s.skipped&(1<<i) != 0 {
				for t.Kind != lex.ExecClose && t.Kind != lex.Error {
					t = s.lex.Next()
				}
			}
			if t.Kind != lex.Error {
				continue
			}
		}
		return t
	}
}
