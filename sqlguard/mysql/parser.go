package mysql

import (
	"slices"
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

const (
	maxStatements = 1000
	maxTables     = 200
	maxCalls      = 100
	// maxNested bounds SET STATEMENT … FOR SET STATEMENT … FOR ….
	maxNested = 8
	// maxNesting bounds parentheses within one another. The servers' own grammars give
	// up at about as many.
	maxNesting = 1000
)

// parser reads one text in one way, one statement after the other.
type parser struct {
	tokens

	tok    lex.Token // the current token
	ahead  lex.Token // the one behind it
	prev   lex.Token // the one before it, in this statement
	before lex.Token // the one before that
	folded [48]byte  // the current token in lower case, if it is a Word that fits
	length int       // of folded, 0 for other tokens
	known  word      // what is known of the current token, 0 if it is no Word that fits

	v        sqlguard.Verdict // of the current statement
	depth    int              // open parentheses
	nested   int
	rereads  bool // a statement before, or this one, sets how later ones are read
	from     tableScan
	problem  string // why the statement is not understood
	mixed    bool   // the statement does more than one thing beyond reading
	isSelect bool   // Calls make it Unproven, not a Write
	explains bool   // the statement is EXPLAIN
	chained  bool   // COMMIT AND CHAIN: a new transaction begins at once
}

// classify judges sql, read with the options o and without the executable
// comments whose bit in skipped is set; varies says that other options read it
// otherwise. If it reports false, the text ends in a statement that a server with these options
// refuses, and the verdict is on those before it.
func classify(sql string, o lex.Options, varies bool, tags []string, skipped int) (sqlguard.Verdict, bool) {
	p := parser{tokens: tokens{src: sql, lex: lex.New(lex.MySQL, sql, o), tags: tags, skipped: skipped}}
	return p.text(varies)
}

// text judges the whole text, as classify says.
func (p *parser) text(varies bool) (sqlguard.Verdict, bool) {
	p.ahead = p.read()
	p.advance()
	var first sqlguard.Verdict // alone it needs no list
	var parts []sqlguard.Verdict
	count := 0
	for p.tok.Kind != lex.EOF {
		if p.tok.Kind == lex.Semicolon {
			p.advance()
			continue
		}
		if count == maxStatements {
			return sqlguard.NotUnderstood("more than 1000 statements"), true
		}
		if p.rereads && varies {
			// No reading takes the beginning of a text in one way and its end in another.
			return sqlguard.NotUnderstood("a statement behind one that changes how it is read"), true
		}
		v := p.one()
		if p.lex.Invalid() && p.tok.Kind == lex.EOF {
			return combine(first, parts, count), false
		}
		switch count++; count {
		case 1:
			first = v
		case 2:
			parts = append(parts, first, v)
		default:
			parts = append(parts, v)
		}
		if p.chained {
			if count++; count == 2 {
				parts = append(parts, first)
			}
			parts = append(parts, chainedBegin())
		}
	}
	return combine(first, parts, count), true
}

// combine is sqlguard.Combine of the first statement, if there is one alone, or of
// parts.
func combine(first sqlguard.Verdict, parts []sqlguard.Verdict, count int) sqlguard.Verdict {
	if count == 1 {
		return first
	}
	return sqlguard.Combine(parts)
}

// one judges the statement that starts here and moves behind it.
func (p *parser) one() sqlguard.Verdict {
	p.v, p.chained = sqlguard.Verdict{}, false
	p.prev, p.before = lex.Token{}, lex.Token{}
	p.depth, p.nested, p.problem, p.isSelect, p.mixed = 0, 0, "", false, false
	p.explains = false
	p.from = tableScan{}
	start := *p
	p.statement()
	p.rest()
	if p.v.Class == sqlguard.Lock && p.v.Op == sqlguard.OpLock && p.v.Tables == nil && p.problem == "" {
		p.v.Tables, p.v.Complete = start.lockedTables()
	}
	return p.verdict()
}

// verdict finishes the verdict on the statement that was read.
func (p *parser) verdict() sqlguard.Verdict {
	if p.tok.Kind == lex.Error {
		p.misunderstood(p.lex.Reason())
		p.advance()
	}
	v := p.v
	v.Complete = v.Complete && !p.mixed
	if p.problem != "" && severity(v.Class) <= sqlguard.Write || v.Class == 0 {
		n := sqlguard.NotUnderstood(p.problem)
		v.Class, v.Op, v.Why, v.Complete, v.Tx = n.Class, n.Op, n.Why, false, sqlguard.TxNone
	}
	if len(v.Calls) > 0 && v.Class < sqlguard.Unproven {
		v.Class, v.Why = sqlguard.Unproven, "calls "+v.Calls[0]+", which is not known to only read"
		if !p.isSelect {
			v.Class = sqlguard.Write
		}
		v.Complete = p.isSelect
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
	p.length, p.known = 0, 0
	if p.tok.Kind == lex.Word {
		text := p.tok.Text(p.src)
		p.length = len(lex.Fold(p.folded[:], text))
		if p.length > 0 {
			p.known = dictionary.find(p.src, p.tok.Start, p.tok.End)
		}
	}
	if p.tok.Kind != lex.EOF {
		p.ahead = p.read()
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

// accept moves behind the keyword if it is the current token.
func (p *parser) accept(keyword string) bool {
	if !p.is(keyword) {
		return false
	}
	p.shift()
	return true
}

// acceptAny moves behind all tokens that are one of the keywords.
func (p *parser) acceptAny(keywords ...string) {
	for p.length > 0 && slices.Contains(keywords, string(p.word())) {
		p.shift()
	}
}

// raise makes the statement at least as bad as class. Among locks, those of rows
// and tables are worse than named ones, and taking is worse than releasing.
func (p *parser) raise(class sqlguard.Class, op sqlguard.Op, why string) {
	worse := class > p.v.Class
	if class >= sqlguard.Lock && p.v.Class >= sqlguard.Lock && (class != sqlguard.Lock || op != p.v.Op) {
		p.mixed = true
	}
	if class == sqlguard.Lock && p.v.Class == sqlguard.Lock {
		worse = op == sqlguard.OpLock || p.v.Op == sqlguard.OpUnlock
	}
	if worse {
		p.v.Class, p.v.Op, p.v.Why = class, op, why
		p.v.Complete = class <= sqlguard.Session || class == sqlguard.Lock && op != sqlguard.OpLock
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

// addTable notes a table that is written or locked.
func (p *parser) addTable(t sqlguard.Table) {
	if slices.Contains(p.v.Tables, t) {
		return
	}
	if len(p.v.Tables) == maxTables {
		p.misunderstood("writes more than 200 tables")
		return
	}
	p.v.Tables = append(p.v.Tables, t)
}

// name returns what a Word or Ident token names, a copy that keeps nothing of
// the text alive.
func (p *parser) name(t lex.Token) string {
	s, _ := t.Name(p.src)
	return strings.Clone(s)
}
