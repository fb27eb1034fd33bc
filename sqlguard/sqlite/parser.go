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
	src string
	lex lex.Lexer

	tok    lex.Token // the current token
	ahead  lex.Token // the one behind it
	prev   lex.Token // the one before it, in this statement
	before lex.Token // the one before that
	folded [32]byte  // the current token in lower case, if it is a Word that fits
	length int       // of folded, 0 for other tokens

	v       sqlguard.Verdict // of the current statement
	problem string           // why the statement is not understood
	trigger bool             // the body of CREATE TRIGGER has begun and not ended
}

func classify(sql string) sqlguard.Verdict {
	p := parser{src: sql, lex: lex.New(lex.SQLite, sql, lex.Options{})}
	p.ahead = p.lex.Next()
	p.advance()
	var parts []sqlguard.Verdict
	for p.tok.Kind != lex.EOF {
		if p.tok.Kind == lex.Semicolon {
			p.advance()
			continue
		}
		if len(parts) == maxStatements {
			return sqlguard.NotUnderstood("more than 1000 statements")
		}
		p.prev, p.before = lex.Token{}, lex.Token{}
		if p.trigger && p.is("end") && (p.ahead.Kind == lex.Semicolon || p.ahead.Kind == lex.EOF) {
			// The END of CREATE TRIGGER, which is no COMMIT.
			p.trigger = false
			p.advance()
			continue
		}
		parts = append(parts, p.one())
	}
	return sqlguard.Combine(parts)
}

// one judges the statement that starts here and moves behind it.
func (p *parser) one() sqlguard.Verdict {
	p.v = sqlguard.Verdict{}
	p.problem = ""
	p.statement()
	p.rest()
	if p.tok.Kind == lex.Error {
		p.misunderstood(p.lex.Reason())
		p.advance()
	}
	v := p.v
	v.FoldCase = true
	if p.problem != "" && v.Class <= sqlguard.Write || v.Class == 0 {
		n := sqlguard.NotUnderstood(p.problem)
		v.Class, v.Op, v.Why, v.Complete, v.Tx = n.Class, n.Op, n.Why, false, sqlguard.TxNone
	}
	if len(v.Calls) > 0 && v.Class < sqlguard.Unproven {
		v.Class, v.Why = sqlguard.Unproven, "calls "+v.Calls[0]+", which is not known to only read"
	}
	return v
}

// shift moves one token on, judging nothing, but not behind the end of the
// statement.
func (p *parser) shift() {
	if !p.end() {
		p.advance()
	}
}

// advance moves one token on, behind the end of a statement too.
func (p *parser) advance() {
	p.before, p.prev, p.tok = p.prev, p.tok, p.ahead
	p.length = 0
	if p.tok.Kind == lex.Word {
		p.length = len(lex.Fold(p.folded[:], p.tok.Text(p.src)))
	}
	if p.tok.Kind != lex.EOF {
		p.ahead = p.lex.Next()
	}
}

// end reports whether the statement is over.
func (p *parser) end() bool {
	return p.tok.Kind == lex.EOF || p.tok.Kind == lex.Semicolon || p.tok.Kind == lex.Error
}

// word returns the current token in lower case if it is a Word, else nothing.
// So it does for words longer than any keyword.
func (p *parser) word() []byte { return p.folded[:p.length] }

// is reports whether the current token is the keyword.
func (p *parser) is(keyword string) bool { return string(p.word()) == keyword }

// isOp reports whether the current token is the operator.
func (p *parser) isOp(op string) bool { return p.tok.IsOp(p.src, op) }

// aheadIs reports whether the token behind the current one is the keyword.
func (p *parser) aheadIs(keyword string) bool { return p.ahead.Is(p.src, keyword) }

// prevIs reports whether the token before the current one is the keyword.
func (p *parser) prevIs(keyword string) bool { return p.prev.Is(p.src, keyword) }

// accept moves behind the keyword if it is the current token.
func (p *parser) accept(keyword string) bool {
	if !p.is(keyword) {
		return false
	}
	p.shift()
	return true
}

// skipRest moves to the end of the statement, judging nothing.
func (p *parser) skipRest() {
	for !p.end() {
		p.shift()
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

// addCall notes a function that nobody vouches for.
func (p *parser) addCall(name string) {
	if slices.Contains(p.v.Calls, name) {
		return
	}
	if len(p.v.Calls) == maxCalls {
		p.misunderstood("calls more than 100 unknown functions")
		return
	}
	p.v.Calls = append(p.v.Calls, name)
}

// name returns what a Word, Ident or String token names, in lower case, as a
// copy that keeps nothing of the text alive. It is empty for other tokens.
func (p *parser) name(t lex.Token) string {
	s, _ := t.Name(p.src)
	s = strings.Clone(s)
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return lowerASCII(s)
		}
	}
	return s
}

// lowerASCII folds as SQLite does: ASCII alone.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// isName reports whether t can name a table: strings can, too.
func isName(t lex.Token) bool {
	return t.Kind == lex.Word || t.Kind == lex.Ident || t.Kind == lex.String
}

// table reads the name of a table, with its schema if there is one. It reports
// false, and moves nowhere, if there is none.
func (p *parser) table(op sqlguard.Op) (sqlguard.Table, bool) {
	if !isName(p.tok) {
		return sqlguard.Table{}, false
	}
	t := sqlguard.Table{Name: p.name(p.tok), Op: op}
	p.shift()
	if p.isOp(".") && isName(p.ahead) {
		p.shift()
		t.Schema, t.Name = t.Name, p.name(p.tok)
		p.shift()
	}
	return t, true
}
