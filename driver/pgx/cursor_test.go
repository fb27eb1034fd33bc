package pgx_test

import (
	"errors"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestACursorReadsInReadOnlyMode(t *testing.T) {
	if !parses {
		t.Skip("built without cgo, where FETCH is refused")
	}
	e := engine(t, "")
	e.Set(t, sqlguard.ReadOnly)
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`DECLARE "C 1" SCROLL CURSOR FOR SELECT id FROM t ORDER BY id`); err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, fetch := range []string{`FETCH 1 FROM "C 1"`, `FETCH NEXT FROM "C 1"`, `FETCH PRIOR FROM "C 1"`} {
		var id int
		if err := tx.QueryRow(fetch).Scan(&id); err != nil {
			t.Fatalf("%s: %v", fetch, err)
		}
		got = append(got, id)
	}
	if len(got) != 3 || got[0] != 1 || got[1] != 2 || got[2] != 1 {
		t.Errorf("the cursor gave %v, want 1, 2 and 1 again", got)
	}
	for _, text := range []string{`MOVE FORWARD ALL IN "C 1"`, `CLOSE "C 1"`} {
		if _, err := tx.Exec(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	_, err = e.DB.Exec("FETCH 1 FROM d")
	var answer interface{ SQLState() string }
	if !errors.As(err, &answer) || answer.SQLState() != "34000" {
		t.Errorf("of a cursor that nobody saw declared the engine should judge, and there is none: %v", err)
	}
}
