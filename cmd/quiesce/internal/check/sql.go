package check

import (
	"fmt"
	"io"
	"strings"
)

// MaxFile bounds a file of SQL or CSV, which is read as a whole, in bytes.
const MaxFile = 256 << 20

// batchPieces is how many statements are judged as one batch.
const batchPieces = 256

// script is a source of the statements in a text.
type script struct {
	dialect *dialect
	text    string
	pieces  []piece
	cursor  cursor
}

// newScript reads a text to its end and splits it.
func newScript(name string, r io.Reader, d *dialect) (*script, error) {
	data, err := readAll(r, MaxFile)
	if err != nil {
		return nil, err
	}
	text := strings.TrimPrefix(string(data), "\uFEFF") // as psql and mysql do
	return &script{
		dialect: d, text: text, pieces: split(d.language, text),
		cursor: cursor{text: text, at: position{file: name, line: 1, column: 1}},
	}, nil
}

// readAll reads what has no more than limit bytes.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("longer than %d bytes", limit)
	}
	return data, err
}

func (s *script) next() ([]item, error) {
	if len(s.pieces) == 0 {
		return nil, io.EOF
	}
	var items []item
	for _, p := range s.pieces[:min(batchPieces, len(s.pieces))] {
		items = append(items, item{at: s.cursor.advance(p.start), text: s.text[p.start:p.end], dialect: s.dialect})
	}
	s.pieces = s.pieces[len(items):]
	return items, nil
}
