package check

import (
	"fmt"
	"unicode/utf8"

	"github.com/quiescehq/quiesce/sqlguard"
)

// item is one text to judge.
type item struct {
	at      position
	text    string
	dialect *dialect
	// line is a line of JSON that holds the text; the judge decodes it, because that
	// is work that several cores can share.
	line []byte
	// err says why there is no text. It holds nothing of the input.
	err error
	// use is how often the statement ran; nil if the input does not tell.
	use *use
}

// position is where a text stands in the input.
type position struct {
	file         string // as it was given; "stdin" for standard input
	line, column int    // from 1; no column where an input has one text a line
}

func (p position) String() string {
	if p.column == 0 {
		return fmt.Sprintf("%s:%d", p.file, p.line)
	}
	return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column)
}

// cursor follows the position in a text. Columns count characters, and a byte that is
// no UTF-8 is one.
type cursor struct {
	text   string
	offset int
	at     position
}

// advance moves to an offset at or behind the present one.
func (c *cursor) advance(offset int) position {
	for c.offset < offset {
		r, size := utf8.DecodeRuneInString(c.text[c.offset:])
		c.offset += size
		c.at.column++
		if r == '\n' {
			c.at.line++
			c.at.column = 1
		}
	}
	return c.at
}

// use is what pg_stat_statements tells of a statement.
type use struct {
	id     string  // queryid; empty if not there
	calls  int64   // how often it ran
	millis float64 // total_exec_time
	rows   int64
}

// Decision is what becomes of a text in read-only mode without a policy.
type Decision string

const (
	// Pass reaches the engine.
	Pass Decision = "pass"
	// Engine is a single query that the text does not prove to only read: the
	// engine's own read-only transaction would judge it.
	Engine Decision = "engine"
	// Reject is refused.
	Reject Decision = "reject"
)

// answer is what is said of an item. If the item has an error, the verdict is empty and the
// decision is to reject.
type answer struct {
	item
	verdict  sqlguard.Verdict
	decision Decision
	why      string
}
