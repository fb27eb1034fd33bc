package sqlite

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
)

// tclBlock is SQL that stands literally in a Tcl script.
type tclBlock struct{ sql, line string }

// tclCalls are the calls of SQLite's test scripts that run SQL in their main database,
// up to the brace that opens the SQL.
var tclCalls = regexp.MustCompile(`\b(?:do_execsql_test|do_catchsql_test|do_eqp_test)\s+[\w.:-]+\s+\{|\b(?:execsql|catchsql|db\s+eval)\s+\{`)

// tclBlocks returns the SQL in braces of a script, in its order. What has a dollar, which
// may be a variable of the script, or is for another database, is left out.
func tclBlocks(text string) []tclBlock {
	var blocks []tclBlock
	for at := 0; ; {
		call := tclCalls.FindStringIndex(text[at:])
		if call == nil {
			return blocks
		}
		start := at + call[1]
		end := tclBraceEnd(text, start)
		if end < 0 {
			return blocks
		}
		at = end + 1
		rest, _, _ := strings.Cut(text[at:], "\n")
		rest = strings.TrimLeft(rest, " \t")
		if strings.Contains(text[start:end], "$") || strings.HasPrefix(rest, "db") || strings.HasPrefix(rest, "$") {
			continue
		}
		line := 1 + strings.Count(text[:start], "\n")
		blocks = append(blocks, tclBlock{sql: text[start:end], line: strconv.Itoa(line)})
	}
}

// tclBraceEnd returns where the brace ends whose content starts at i. Tcl counts
// braces, wherever they stand, but for those behind a backslash.
func tclBraceEnd(text string, i int) int {
	for depth := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// sqliteStatements splits SQL at its semicolons, but for those in the body of CREATE
// TRIGGER, which ends with END. Comments around statements are left out.
func sqliteStatements(text string) []string {
	var statements []string
	l := lex.New(lex.SQLite, text, lex.Options{})
	start, end, words, trigger := -1, 0, 0, false
	var before, last lex.Token
	for {
		t := l.Next()
		done := t.Kind == lex.EOF || t.Kind == lex.Semicolon &&
			(!trigger || last.Is(text, "end") && before.Kind == lex.Semicolon)
		if done {
			if start >= 0 {
				statements = append(statements, text[start:end])
			}
			if t.Kind == lex.EOF {
				return statements
			}
			start, words, trigger = -1, 0, false
			continue
		}
		if start < 0 {
			start = t.Start
		}
		if words++; words <= 3 && t.Is(text, "trigger") && text[start:][0]|0x20 == 'c' {
			trigger = true
		}
		before, last, end = last, t, t.End
	}
}
