package check

import (
	"strings"
	"testing"
)

func TestAnExportMayBeginWithAByteOrderMark(t *testing.T) {
	s, err := newStatements("a.csv", strings.NewReader("\uFEFFquery,calls\r\n\"SELECT 1\nFROM t\",3\r\nSELECT 2,4\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.items) != 2 || s.items[0].text != "SELECT 1\nFROM t" || s.items[1].at.line != 4 || s.items[1].use.calls != 4 {
		t.Errorf("%+v", s.items)
	}
}

func TestAFileThatIsTooLongIsNotReadInPart(t *testing.T) {
	for input, ok := range map[string]bool{"": true, "abc": true, "abcd": false} {
		data, err := readAll(strings.NewReader(input), 3)
		if ok != (err == nil) || ok && string(data) != input {
			t.Errorf("%q: %q, %v", input, data, err)
		}
	}
}
