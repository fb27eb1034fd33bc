package check

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// statements is a source of what pg_stat_statements has seen, from a CSV export with a
// header. Only the column query must be there. Rows with the same text, of several users
// or databases, become one item.
type statements struct {
	items []item
}

// newStatements reads an export to its end.
func newStatements(name string, r io.Reader) (*statements, error) {
	data, err := readAll(r, MaxFile)
	if err != nil {
		return nil, err
	}
	rows := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\uFEFF")))
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("is empty; expected CSV with a header that has the column query")
	}
	if err != nil {
		return nil, notCSV(err)
	}
	columns := columnsOf(header)
	if columns["query"] < 0 {
		return nil, errors.New("has no column query in its first line; expected CSV with a header and commas")
	}
	s := &statements{}
	byText := map[string]int{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, notCSV(err)
		}
		line, _ := rows.FieldPos(columns["query"])
		if err := s.add(position{file: name, line: line}, columns, row, byText); err != nil {
			return nil, err
		}
	}
}

// next returns everything at once: what is sorted cannot be streamed.
func (s *statements) next() ([]item, error) {
	items := s.items
	s.items = nil
	if len(items) == 0 {
		return nil, io.EOF
	}
	return items, nil
}

// notCSV says where a file is no CSV.
func notCSV(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
	}
	return err
}

// columnsOf returns where the columns are, -1 for one that is not there. The total time
// was called total_time before PostgreSQL 13.
func columnsOf(header []string) map[string]int {
	columns := map[string]int{}
	for _, name := range []string{"query", "queryid", "calls", "total_exec_time", "rows"} {
		columns[name] = slices.IndexFunc(header, func(h string) bool {
			return strings.EqualFold(strings.TrimSpace(h), name)
		})
	}
	if columns["total_exec_time"] < 0 {
		columns["total_exec_time"] = slices.Index(header, "total_time")
	}
	return columns
}

// add takes a row.
func (s *statements) add(at position, columns map[string]int, row []string, byText map[string]int) error {
	cell := func(name string) string {
		if i := columns[name]; i >= 0 {
			return row[i]
		}
		return ""
	}
	var numbers [3]float64
	for i, name := range []string{"calls", "total_exec_time", "rows"} {
		text := cell(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n < 0 || n > math.MaxInt64/2 || math.IsNaN(n) {
			return fmt.Errorf("line %d: column %s is not a number", at.line, name)
		}
		numbers[i] = n
	}
	u := use{id: cell("queryid"), calls: int64(numbers[0]), millis: numbers[1], rows: int64(numbers[2])}
	text := cell("query")
	if i, seen := byText[text]; seen {
		s.items[i].use.add(u)
		return nil
	}
	byText[text] = len(s.items)
	it := item{at: at, text: text, dialect: dialects["postgres"], use: &u}
	if reason := hidden(text); reason != "" {
		it.err = fmt.Errorf("%s: %s", lineName(at), reason)
	}
	s.items = append(s.items, it)
	return nil
}

// hidden says why a row has no text to judge, and nothing for one that has.
func hidden(text string) string {
	switch strings.TrimSpace(text) {
	case "":
		return "column query is empty; the server has lost the text"
	case "<insufficient privilege>":
		return "column query is hidden; export as a member of pg_read_all_stats"
	}
	return ""
}

func (u *use) add(other use) {
	u.calls += other.calls
	u.millis += other.millis
	u.rows += other.rows
}

// sortAnswers brings what is refused to the front, and of these what runs most.
func sortAnswers(answers []answer) {
	order := []Decision{Reject, Engine, Pass}
	slices.SortStableFunc(answers, func(a, b answer) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.decision), slices.Index(order, b.decision)),
			cmp.Compare(b.use.calls, a.use.calls),
			cmp.Compare(b.use.millis, a.use.millis),
		)
	})
}
