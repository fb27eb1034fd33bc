package check

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		text       string
		dialect    string // its name, where the line has one
		err        string // a part of the error
	}{
		{"the plainest", `{"sql":"SELECT 1"}`, "SELECT 1", "", ""},
		{"an empty text", `{"sql":""}`, "", "", ""},
		{"white space and CR", " {\t\"sql\" : \"SELECT 1\" } \r", "SELECT 1", "", ""},
		{"the plainest with a space and CR", "{\"sql\": \"SELECT 'é'\"}\r", "SELECT 'é'", "", ""},
		{"escapes", `{"sql":"a\"b\\\n\u00e9\ud83d\ude00\u0000"}`, "a\"b\\\né😀\x00", "", ""},
		{"a brace in the text", `{"sql":"a","x":"\"}"}`, "a", "", ""},
		{"other fields", `{"id":[1,{"sql":"no"}],"sql":"yes","at":null}`, "yes", "", ""},
		{"bytes", `{"sql_b64":"/6A="}`, "\xff\xa0", "", ""},
		{"no bytes", `{"sql_b64":""}`, "", "", ""},
		{"a dialect", `{"sql":"a","dialect":"MySQL8"}`, "a", "mysql", ""},
		{"U+FFFD of its own", `{"sql":"\ufffd"}`, "\ufffd", "", ""},

		{"nothing", ``, "", "", "empty"},
		{"white space", " \r", "", "", "empty"},
		{"no JSON", `SELECT 1`, "", "", "not JSON, at byte 1"},
		{"a broken string", `{"sql":"a`, "", "", "not JSON"},
		{"a raw control character", "{\"sql\":\"a\tb\"}", "", "", "not JSON"},
		{"two values", `{"sql":"a"}{"sql":"b"}`, "", "", "not JSON"},
		{"a string", `"SELECT 1"`, "", "", "not a JSON object"},
		{"null", `null`, "", "", `field "sql" is missing`},
		{"no text", `{}`, "", "", `field "sql" is missing`},
		{"a number", `{"sql":1}`, "", "", `field "sql" is not a string`},
		{"null for a text", `{"sql":null}`, "", "", `field "sql" is not a string`},
		{"an object for bytes", `{"sql_b64":{}}`, "", "", `field "sql_b64" is not a string`},
		{"two texts", `{"sql":"a","sql":"b"}`, "", "", `field "sql" is there twice`},
		{"two texts in different letters", `{"sql":"a","SQL":"b"}`, "", "", `field "sql" is there twice`},
		{"text and bytes", `{"sql":"a","sql_b64":""}`, "", "", "only one can be judged"},
		{"no base64", `{"sql_b64":"?"}`, "", "", `field "sql_b64" is not base64`},
		{"base64 for URLs", `{"sql_b64":"_6A="}`, "", "", `field "sql_b64" is not base64`},
		{"no dialect", `{"sql":"a","dialect":"oracle"}`, "", "", `field "dialect" is not postgres, mysql or sqlite`},
		{"half of a pair", `{"sql":"a\ud800b"}`, "", "", `field "sql" holds half of a surrogate pair`},
		{"bytes that are no UTF-8", "{\"sql\":\"\xff\"}", "", "", "not UTF-8; send the bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, d, err := decode([]byte(tt.line))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || text != tt.text {
				t.Errorf("got %q and error %v, want %q", text, err, tt.text)
			}
			if name := nameOf(d); name != tt.dialect {
				t.Errorf("dialect %q, want %q", name, tt.dialect)
			}
		})
	}
}

func nameOf(d *dialect) string {
	if d == nil {
		return ""
	}
	return d.Name()
}

// FuzzDecode holds the short way to read the plainest lines against encoding/json, and any text
// against its way through JSON and base64.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"sql":"a"}`, `{"sql": "a" }`, "{\"sql\":\"\x01\"}", `{"sql":"\\"}`, `{"sql":"a"}"}`, "{\"sql\":\"\xff\"}", `{"sql":"}`, `{"sql":"` + "\u2028" + `"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if text, plain := plainRequest(line); plain && utf8.Valid(line) {
			var want struct {
				SQL *string `json:"sql"`
			}
			if err := json.Unmarshal(line, &want); err != nil || want.SQL == nil || *want.SQL != text {
				t.Errorf("%q is read as %q, and encoding/json says %v, %v", line, text, want.SQL, err)
			}
		}
		if utf8.Valid(line) {
			made, err := json.Marshal(map[string]string{"sql": string(line)})
			if err != nil {
				t.Fatal(err)
			}
			if text, _, err := decode(made); err != nil && !strings.Contains(err.Error(), "surrogate") || err == nil && text != string(line) {
				t.Errorf("%q is %q behind JSON, %v", line, text, err)
			}
		}
		made := []byte(`{"sql_b64":"` + base64.StdEncoding.EncodeToString(line) + `"}`)
		if text, _, err := decode(made); err != nil || text != string(line) {
			t.Errorf("%q is %q behind base64, %v", line, text, err)
		}
	})
}

// texts returns the lines that a source finds, or their errors.
func texts(t *testing.T, s source) []string {
	t.Helper()
	var all []string
	for {
		items, err := s.next()
		for _, it := range items {
			if it.err != nil {
				all = append(all, it.err.Error())
			} else {
				all = append(all, string(it.line))
			}
		}
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestLinesOfAnyLength(t *testing.T) {
	longest := strings.Repeat("a", MaxLine)
	want := []string{"", "b", longest, "line 4: longer than 8 MiB", "c\r", "line 6: longer than 8 MiB", "end"}
	input := strings.Join([]string{want[0], want[1], longest, longest + "a", "c\r", strings.Repeat("d", 3*MaxLine), "end"}, "\n")
	for _, tt := range []struct {
		name string
		in   io.Reader
	}{
		{"at once", strings.NewReader(input)},
		{"in halves", iotest.HalfReader(strings.NewReader(input))},
		{"with the end in the last read", iotest.DataErrReader(strings.NewReader(input))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := texts(t, newJSONL(stdinName, tt.in))
			if len(got) != len(want) {
				t.Fatalf("%d lines, want %d", len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("line %d is %.40q with %d bytes, want %.40q with %d", i+1, got[i], len(got[i]), want[i], len(want[i]))
				}
			}
		})
	}
}

func TestALineOfOneByteEach(t *testing.T) {
	got := texts(t, newJSONL(stdinName, iotest.OneByteReader(strings.NewReader("a\nbc\n\nd"))))
	if strings.Join(got, "|") != "a|bc||d" {
		t.Errorf("got %q", got)
	}
}

func TestAStatementOfOneMiB(t *testing.T) {
	for name := range dialects {
		text := "SELECT '" + strings.Repeat("a", 1<<20-len("SELECT ''")) + "'"
		line, err := json.Marshal(map[string]string{"sql": text})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		s, err := Run(Config{Dialect: name, Format: "jsonl"}, bytes.NewReader(line), &out, nil)
		if err != nil || s.Pass != 1 {
			t.Errorf("%s: %v, %v: %.200s", name, s, err, out.String())
		}
	}
}
