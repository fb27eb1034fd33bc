package postgres

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
)

// token is a token of a text with what it says: a word in lower case, a quoted
// name without its quotes, the content of a plain string, an operator.
type token struct {
	kind lex.Kind
	text string
	// opaque marks a name or string whose content was not decoded: U&"…", E'…'.
	opaque bool
}

// statement is the tokens of one statement, without its semicolon.
type statement []token

// tokenize splits a text into statements; those without a token are left out.
// It reports false for a text that cannot be split into tokens.
func tokenize(sql string) ([]statement, bool) {
	var statements []statement
	var current statement
	l := lex.New(lex.Postgres, sql, lex.Options{})
	for {
		t := l.Next()
		switch t.Kind {
		case lex.Error:
			return nil, false
		case lex.Semicolon, lex.EOF:
			if len(current) > 0 {
				statements = append(statements, current)
				current = nil
			}
			if t.Kind == lex.EOF {
				return statements, true
			}
		default:
			current = append(current, newToken(t, sql))
		}
	}
}

func newToken(t lex.Token, sql string) token {
	switch t.Kind {
	case lex.Word:
		return token{kind: t.Kind, text: strings.ToLower(t.Text(sql))}
	case lex.Ident, lex.String:
		name, ok := t.Name(sql)
		return token{kind: t.Kind, text: name, opaque: !ok}
	}
	return token{kind: t.Kind, text: t.Text(sql)}
}

// at returns a token, an empty one outside of the statement.
func (s statement) at(i int) token {
	if i < 0 || i >= len(s) {
		return token{}
	}
	return s[i]
}

// word returns the word at i in lower case, empty if there is none.
func (s statement) word(i int) string {
	if t := s.at(i); t.kind == lex.Word {
		return t.text
	}
	return ""
}

// op reports whether the operator or punctuation mark is at i.
func (s statement) op(i int, mark string) bool {
	t := s.at(i)
	return t.kind == lex.Op && t.text == mark
}

// isName reports whether a name is at i, quoted or not.
func (s statement) isName(i int) bool {
	k := s.at(i).kind
	return k == lex.Word || k == lex.Ident
}

// onlyWords reports whether all tokens from i on are words of the list, or
// commas.
func (s statement) onlyWords(i int, allowed ...string) bool {
	for ; i < len(s); i++ {
		if !s.op(i, ",") && !has(allowed, s.word(i)) {
			return false
		}
	}
	return true
}

func has(list []string, word string) bool {
	for _, w := range list {
		if w == word && w != "" {
			return true
		}
	}
	return false
}
