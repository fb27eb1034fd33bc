package sqlite

import (
	"slices"
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

const (
	maxStatements = 1000
	maxCalls      = 100
)

// parser reads one text, one statement after the other.
type parser struct {
	lex.Cursor
	src string

	v       sqlguard.Verdict // of the current statement
	target  target           // of an INSERT, REPLACE, UPDATE or DELETE
	problem string           // why the statement is not understood
	trigger bool             // the body of CREATE TRIGGER has begun and not ended
}

// classify judges a text and says so in v. A text with one statement, which is what
// most are, needs no list. It returns how many parentheses are open at once.
func classify(sql string, v *sqlguard.Verdict) (nested int) {
	p := parser{src: sql}
	p.Begin(lex.SQLite, sql, lex.Options{}, words)
	if !p.next() {
		*v = sqlguard.Combine(nil)
		return p.Deepest()
	}
	p.one()
	if p.Kind() == lex.EOF || !p.next() {
		*v = p.v
		return p.Deepest()
	}
	parts := []sqlguard.Verdict{p.v}
	for more := true; more; more = p.next() {
		if len(parts) == maxStatements {
			*v = sqlguard.NotUnderstood("more than 1000 statements")
			return p.Deepest()
		}
		p.v, p.problem, p.target = sqlguard.Verdict{}, "", target{}
		p.one()
		parts = append(parts, p.v)
	}
	*v = sqlguard.Combine(parts)
	return p.Deepest()
}

// next moves to the next statement. It reports false if there is none. The END of
// CREATE TRIGGER is none: it is no COMMIT.
func (p *parser) next() bool {
	for {
		switch {
		case p.Kind() == lex.EOF:
			return false
		case p.Kind() == lex.Semicolon:
			p.Advance()
		case p.trigger && p.is(wordEnd) && p.lastWord():
			p.trigger = false
			p.Advance()
		default:
			p.Forget()
			return true
		}
	}
}

// one judges the statement that starts here and moves to its end.
func (p *parser) one() {
	p.v.FoldCase = true
	p.statement()
	p.rest()
	p.name()
	if p.Kind() == lex.Error {
		p.misunderstood(p.Reason())
		p.Advance()
	}
	if p.problem != "" && p.v.Class <= sqlguard.Write || p.v.Class == 0 {
		n := sqlguard.NotUnderstood(p.problem)
		p.v.Class, p.v.Op, p.v.Why, p.v.Complete, p.v.Tx = n.Class, n.Op, n.Why, false, sqlguard.TxNone
	}
	if len(p.v.Calls) > 0 && p.v.Class < sqlguard.Unproven {
		p.v.Class, p.v.Why = sqlguard.Unproven, "calls "+p.v.Calls[0]+", which is not known to only read"
	}
}

// shift moves one token on, judging nothing, but not behind the end of the
// statement.
func (p *parser) shift() {
	if !p.end() {
		p.Advance()
	}
}

// end reports whether the statement is over.
func (p *parser) end() bool {
	return p.Kind() == lex.EOF || p.Kind() == lex.Semicolon || p.Kind() == lex.Error
}

// word returns the number of the keyword that the current token is, 0 if it is
// none.
func (p *parser) word() uint16 { return p.Code() & number }

// is reports whether the current token is the keyword.
func (p *parser) is(keyword uint16) bool { return p.Code()&number == keyword }

// was reports whether the token n tokens before the current one is the keyword.
func (p *parser) was(n uint, keyword uint16) bool { return p.Past(n).Code()&number == keyword }

// accept moves behind the keyword if it is the current token.
func (p *parser) accept(keyword uint16) bool {
	if !p.is(keyword) {
		return false
	}
	p.shift()
	return true
}

// aheadIsOp reports whether the token behind the current one is the operator.
func (p *parser) aheadIsOp(op string) bool {
	ahead := p.Ahead()
	return ahead.Next().IsOp(p.src, op)
}

// lastWord reports whether the statement is over behind the current token.
func (p *parser) lastWord() bool {
	ahead := p.Ahead()
	t := ahead.Next()
	return t.Kind == lex.Semicolon || t.Kind == lex.EOF
}

// skipRest moves to the end of the statement, judging nothing.
func (p *parser) skipRest() {
	for !p.end() {
		p.Advance()
	}
}

// raise makes the statement at least as bad as class. What is worse than
// Session is complete only once its tables are known.
func (p *parser) raise(class sqlguard.Class, op sqlguard.Op, why string) {
	if class > p.v.Class {
		p.v.Class, p.v.Op, p.v.Why = class, op, why
		p.v.Complete = class <= sqlguard.Session
	}
}

// misunderstood makes the statement one that is not understood; the first
// reason is kept.
func (p *parser) misunderstood(why string) {
	if p.problem == "" {
		p.problem = why
	}
}

// addCall notes a function that nobody vouches for, by its name in lower case.
func (p *parser) addCall(name string) {
	p.v.Functions = true
	if slices.Contains(p.v.Calls, name) {
		return
	}
	if len(p.v.Calls) == maxCalls {
		p.misunderstood("calls more than 100 unknown functions")
		return
	}
	p.v.Calls = append(p.v.Calls, name)
}

// lower returns what a Word, Ident or String token names, in lower case, as a
// copy that keeps nothing of the text alive. It is empty for other tokens. SQLite
// folds ASCII letters alone.
func (p *parser) lower(t lex.Lexeme) string {
	s, _ := t.Token().Name(p.src)
	s = strings.Clone(s)
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return string(lex.Fold(make([]byte, len(s)), s))
		}
	}
	return s
}
