package check

import "github.com/quiescehq/quiesce/internal/lex"

// semicolon says what a semicolon is in a statement.
type semicolon uint8

const (
	ends    semicolon = iota // the end of the statement
	inside                   // part of it
	unknown                  // only a server or client could tell
)

// statement follows a statement as far as is needed to tell which semicolon ends it:
// the bodies of functions and triggers have semicolons of their own.
type statement struct {
	language lex.Dialect
	src      string

	words  int    // tokens so far
	head   kind   // what the statement is
	create bool   // it begins with CREATE or ALTER
	last   string // the keyword before, in lower case

	round int   // PostgreSQL: open brackets
	depth int   // PostgreSQL: open BEGIN ATOMIC and CASE
	tail  uint8 // SQLite: how much of "; END" was just seen, 0 to 2
	block bool  // MySQL: something in it may be a block
}

// kind is a kind of statement by its head.
type kind uint8

const (
	undecided kind = iota
	plain
	routine // may have a body
)

// headWords is how many tokens may stand before the word that tells what is created:
// CREATE OR REPLACE DEFINER = u @ h AGGREGATE FUNCTION.
const headWords = 12

// add takes the next token of the statement.
func (s *statement) add(t lex.Token) {
	var buf [16]byte
	word := ""
	if t.Kind == lex.Word {
		word = string(lex.Fold(buf[:], t.Text(s.src)))
	}
	if s.head == undecided {
		s.decide(word)
	}
	switch s.language {
	case lex.Postgres:
		s.addPostgres(t, word)
	case lex.MySQL:
		s.addMySQL(t, word)
	case lex.SQLite:
		s.addSQLite(t, word)
	}
	s.words++
	s.last = word
}

// semicolon says what a semicolon here is.
func (s *statement) semicolon() semicolon {
	switch {
	case s.block:
		return unknown
	case s.round > 0, s.depth > 0:
		return inside
	case s.language == lex.SQLite && s.head == routine && s.tail != 2:
		return inside
	}
	return ends
}

// decide finds out what the statement is, by the next of its first tokens.
func (s *statement) decide(word string) {
	switch {
	case s.create && s.words > headWords:
		s.head = plain
	case s.create:
		s.head = s.created(word)
	case word == "create", word == "alter":
		s.create = true
	case s.language == lex.SQLite && (word == "explain" || word == "query" || word == "plan"):
	default:
		s.head = plain
	}
}

// created judges a word behind CREATE or ALTER.
func (s *statement) created(word string) kind {
	switch word {
	case "function", "procedure":
		return routine
	case "trigger", "event", "package":
		if s.language != lex.Postgres {
			return routine
		}
		return plain
	case "table", "view", "index", "database", "schema", "user", "role", "sequence":
		return plain
	}
	return undecided
}

// addPostgres counts brackets, as psql does because of CREATE RULE, and the blocks of
// a function's body.
func (s *statement) addPostgres(t lex.Token, word string) {
	switch {
	case t.IsOp(s.src, "("):
		s.round++
	case t.IsOp(s.src, ")"):
		s.round--
	case s.head != routine:
	case word == "atomic" && s.last == "begin", word == "case" && s.depth > 0:
		s.depth++
	case word == "end" && s.depth > 0:
		s.depth--
	}
}

// addSQLite looks for the "; END;" that ends a trigger (sqlite3_complete).
func (s *statement) addSQLite(t lex.Token, word string) {
	switch {
	case t.Kind == lex.Semicolon:
		s.tail = 1
	case s.tail == 1 && word == "end":
		s.tail = 2
	default:
		s.tail = 0
	}
}

// addMySQL looks for what makes the end of the statement uncertain: a block, since only
// the server tells one from a CASE expression; an executable comment, which may hold a
// semicolon; and the client's DELIMITER.
func (s *statement) addMySQL(t lex.Token, word string) {
	switch {
	case s.words == 0:
		switch word {
		case "declare", "if", "case", "loop", "while", "repeat", "for", "delimiter":
			s.block = true
		}
	case s.words == 1 && s.last == "begin":
		s.block = word != "work"
	case s.head == routine:
		switch word {
		case "begin", "if", "case", "loop", "while", "repeat":
			s.block = true
		}
	}
}
