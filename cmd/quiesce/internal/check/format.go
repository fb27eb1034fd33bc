package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// format writes answers.
type format interface {
	// begin is written first.
	begin() string
	// answer writes one answer to b. Several goroutines may call it.
	answer(b *bytes.Buffer, a *answer)
	// separator is written between answers.
	separator() string
	// end is written last.
	end(s *Summary) string
}

// formats are the formats by name. Each prints the texts if showSQL is true.
var formats = map[string]func(showSQL bool) format{
	"text":  func(showSQL bool) format { return textFormat{showSQL} },
	"json":  func(showSQL bool) format { return documentFormat{linesFormat{showSQL, true}} },
	"jsonl": func(showSQL bool) format { return linesFormat{showSQL, false} },
}

// textFormat is for people: one line a statement.
type textFormat struct{ showSQL bool }

func (textFormat) begin() string     { return "" }
func (textFormat) separator() string { return "" }

func (f textFormat) answer(b *bytes.Buffer, a *answer) {
	fmt.Fprintf(b, "%s: ", printable(a.at.String()))
	if a.use != nil {
		fmt.Fprintf(b, "%d calls: ", a.use.calls)
	}
	if a.err != nil {
		fmt.Fprintf(b, "error: %s\n", printable(a.err.Error()))
		return
	}
	fmt.Fprintf(b, "%s %s %s", a.decision, a.verdict.Class, a.verdict.Op)
	seen := map[string]bool{}
	for _, t := range tables(&a.verdict) {
		name := t.String()
		if seen[name] {
			continue
		}
		if len(seen) > 0 {
			b.WriteByte(',')
		}
		seen[name] = true
		b.WriteString(" " + printable(name))
	}
	fmt.Fprintf(b, ": %s", printable(a.why))
	if a.use != nil && a.use.id != "" {
		fmt.Fprintf(b, " (queryid %s)", printable(a.use.id))
	}
	b.WriteByte('\n')
	if f.showSQL {
		fmt.Fprintf(b, "\t%s\n", printable(a.text))
	}
}

func (textFormat) end(s *Summary) string { return s.String() + "\n" }

// printable escapes what could move a terminal's cursor or end a line, and bytes that are no
// UTF-8.
func printable(s string) string {
	clean := func(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
	if strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case clean(r):
			b.WriteString(s[:size])
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		s = s[size:]
	}
	return b.String()
}

// linesFormat is for programs: one JSON object a line.
type linesFormat struct {
	showSQL bool
	// located tells where the text of a JSON line stands, too. A program that sends lines
	// knows it.
	located bool
}

// jsonAnswer is an answer. Its first five fields are all that a line of JSON gets for an
// answer.
type jsonAnswer struct {
	Class    string      `json:"class"`
	Op       string      `json:"op"`
	Tables   []jsonTable `json:"tables"`
	Why      string      `json:"why"`
	Decision Decision    `json:"decision"`

	File    string   `json:"file,omitempty"`
	Line    int      `json:"line,omitempty"`
	Column  int      `json:"column,omitempty"`
	Calls   *int64   `json:"calls,omitempty"`
	Time    *float64 `json:"total_exec_time,omitempty"`
	Rows    *int64   `json:"rows,omitempty"`
	QueryID string   `json:"queryid,omitempty"`
	SQL     string   `json:"sql,omitempty"`
	Base64  []byte   `json:"sql_b64,omitempty"`
}

// jsonTable is a table that is written or locked. The schema is empty if the statement names
// none.
type jsonTable struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Op     string `json:"op"`
}

// jsonError stands in the place of an answer. It decides too, so that a program which looks at
// nothing else refuses.
type jsonError struct {
	Error    string   `json:"error"`
	Decision Decision `json:"decision"`
}

func (linesFormat) begin() string       { return "" }
func (linesFormat) separator() string   { return "" }
func (linesFormat) end(*Summary) string { return "" }

func (f linesFormat) answer(b *bytes.Buffer, a *answer) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	// Neither value can fail to encode, and a buffer takes everything.
	if a.err != nil {
		_ = enc.Encode(jsonError{a.err.Error(), a.decision})
		return
	}
	_ = enc.Encode(f.object(a))
}

func (f linesFormat) object(a *answer) *jsonAnswer {
	o := &jsonAnswer{
		Class: a.verdict.Class.String(), Op: string(a.verdict.Op), Why: a.why,
		Decision: a.decision, Tables: []jsonTable{},
	}
	for _, t := range tables(&a.verdict) {
		o.Tables = append(o.Tables, jsonTable{t.Schema, t.Name, string(t.Op)})
	}
	if a.line == nil || f.located {
		o.File, o.Line, o.Column = a.at.file, a.at.line, a.at.column
	}
	if a.use != nil {
		o.Calls, o.Time, o.Rows, o.QueryID = &a.use.calls, &a.use.millis, &a.use.rows, a.use.id
	}
	switch {
	case !f.showSQL:
	case utf8.ValidString(a.text):
		o.SQL = a.text
	default:
		o.Base64 = []byte(a.text)
	}
	return o
}

// documentFormat is one JSON document, with a statement a line.
type documentFormat struct{ linesFormat }

func (documentFormat) begin() string     { return "{\"statements\":[\n" }
func (documentFormat) separator() string { return ",\n" }

func (f documentFormat) answer(b *bytes.Buffer, a *answer) {
	f.linesFormat.answer(b, a)
	b.Truncate(b.Len() - 1) // the line break comes behind the comma
}

func (documentFormat) end(s *Summary) string {
	text, _ := json.Marshal(s) // numbers only
	return "\n],\n\"summary\":" + string(text) + "}\n"
}
