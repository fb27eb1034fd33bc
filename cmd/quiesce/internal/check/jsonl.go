package check

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// MaxLine bounds a line of JSON, in bytes. The longest text that a dialect
// understands has 1 MiB, and JSON writes a byte as six at most.
const MaxLine = 8 << 20

// What a batch of lines may hold. One more line may be added to one that is just
// below.
const (
	batchLines = 1024
	batchBytes = 256 << 10
)

// jsonl is a source of JSON lines. Each line makes one item, so that the answers
// are in the order of the lines, one for one.
type jsonl struct {
	in *bufio.Reader
	at position
}

func newJSONL(name string, r io.Reader) *jsonl {
	return &jsonl{in: bufio.NewReaderSize(r, 64<<10), at: position{file: name}}
}

// next waits for a line, and returns it with all that have come with it.
func (s *jsonl) next() ([]item, error) {
	var items []item
	for size := 0; len(items) < batchLines && size < batchBytes; {
		line, err := s.line()
		if err != nil && !errors.Is(err, errTooLong) {
			return items, err
		}
		s.at.line++
		it := item{at: s.at, line: line}
		if err != nil {
			it.err = fmt.Errorf("%s: %w", lineName(s.at), err)
		}
		items = append(items, it)
		size += len(line)
		if !s.waiting() {
			break
		}
	}
	return items, nil
}

// waiting reports whether another line can be read without waiting for it.
func (s *jsonl) waiting() bool {
	buffered, _ := s.in.Peek(s.in.Buffered())
	return bytes.IndexByte(buffered, '\n') >= 0
}

var errTooLong = fmt.Errorf("longer than %d MiB", MaxLine>>20)

// line returns a copy of the next line without its end. A line that is too long is
// read to its end, and is errTooLong.
func (s *jsonl) line() ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := s.in.ReadSlice('\n')
		tooLong = tooLong || len(line)+len(part) > MaxLine+1
		if tooLong {
			line = nil
		} else {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong && (err == nil || errors.Is(err, io.EOF)):
			return nil, errTooLong
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil // the last line needs no end
		case err != nil:
			return nil, err
		}
		return line[:len(line)-1], nil
	}
}

// request is what a line asks.
type request struct {
	SQL     field `json:"sql"`
	Base64  field `json:"sql_b64"`
	Dialect field `json:"dialect"`
}

// field is a string that must not be there twice, since programs differ in which of
// the two they read.
type field struct {
	text string
	set  bool
	err  error
}

// UnmarshalJSON keeps what is wrong for later, when the name of the field is known.
func (f *field) UnmarshalJSON(data []byte) error {
	switch {
	case f.set:
		f.err = errors.New("is there twice")
	case data[0] != '"':
		f.err = errors.New("is not a string")
	default:
		if err := json.Unmarshal(data, &f.text); err != nil {
			f.err = errors.New("is not a string")
		}
		// encoding/json reads half of a surrogate pair as U+FFFD, which is another text.
		if strings.ContainsRune(f.text, utf8.RuneError) && bytes.Contains(bytes.ToLower(data), []byte(`\ud`)) {
			f.err = errors.New("holds half of a surrogate pair; send its bytes as sql_b64")
		}
	}
	f.set = true
	return nil
}

// decode returns the text in a line, and its dialect if it names one. Its errors name the
// field, and hold nothing of the line.
func decode(line []byte) (string, *dialect, error) {
	if len(bytes.TrimSpace(line)) == 0 {
		return "", nil, errors.New("empty")
	}
	if !utf8.Valid(line) {
		return "", nil, errors.New("not UTF-8; send the bytes of the statement as sql_b64")
	}
	if text, ok := plainRequest(line); ok {
		return text, nil, nil
	}
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return "", nil, notJSON(err)
	}
	for _, f := range []struct {
		name string
		*field
	}{{"sql", &r.SQL}, {"sql_b64", &r.Base64}, {"dialect", &r.Dialect}} {
		if f.err != nil {
			return "", nil, fmt.Errorf("field %q %w", f.name, f.err)
		}
	}
	var d *dialect
	if r.Dialect.set {
		if d = dialectNamed(r.Dialect.text); d == nil {
			return "", nil, fmt.Errorf("field %q is not %s", "dialect", Dialects)
		}
	}
	text, err := r.statement()
	return text, d, err
}

// plainRequest returns the text in a line of the plainest form, {"sql": "…"} without any escape,
// which most lines have and which needs no parser.
func plainRequest(line []byte) (string, bool) {
	text, ok := bytes.CutPrefix(bytes.TrimRight(line, " \r"), []byte(`{"sql":`))
	if !ok {
		return "", false
	}
	text, begins := bytes.CutPrefix(bytes.TrimLeft(text, " "), []byte(`"`))
	text, ends := bytes.CutSuffix(text, []byte(`"}`))
	for _, c := range text {
		if c == '"' || c == '\\' || c < ' ' {
			return "", false
		}
	}
	return string(text), begins && ends
}

// statement returns the text of a request.
func (r *request) statement() (string, error) {
	switch {
	case r.SQL.set && r.Base64.set:
		return "", errors.New(`has both fields "sql" and "sql_b64"; only one can be judged`)
	case r.SQL.set:
		return r.SQL.text, nil
	case !r.Base64.set:
		return "", errors.New(`field "sql" is missing`)
	}
	text, err := base64.StdEncoding.DecodeString(r.Base64.text)
	if err != nil {
		return "", errors.New(`field "sql_b64" is not base64 in the standard alphabet`)
	}
	return string(text), nil
}

// notJSON says where a line is no JSON object, without the character that is wrong.
func notJSON(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not JSON, at byte %d", syntax.Offset)
	}
	return errors.New(`not a JSON object such as {"sql": "SELECT 1"}`)
}
