package filesource

import "testing"

// FuzzParse checks that whatever a file holds is refused, or is a record that a process can follow.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"mode": "read-only", "cut": true, "grace": "30s", "until": "2026-03-29T12:00:00Z"}`,
		`{"mode": "off", "announced": "2026-03-29T02:00:00+01:00", "message": "tonight"}`, `{"mode": "observe"}`,
		`{}`, `[]`, `null`, `{"mode": null}`, `{"mode": "off"} {}`, `{"mode": "off", "until": "9999-12-31T23:59:59Z"}`, ``, "\xff",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parse(text)
		if err != nil {
			return
		}
		m.Epoch = 1
		if err := m.Check(); err != nil {
			t.Errorf("%q is taken, and cannot be followed: %v", text, err)
		}
	})
}
