package enginetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fence"
)

// FencedTexts is a program on one connection that begins before the fence is asked for.
type FencedTexts struct {
	Name string
	// Before run with the mode off, and nobody asking for the fence.
	Before []string
	// Closed closes the fence then.
	Closed bool
	// After run with the fence asked for. Those that begin with "no: " are to be refused by the guard, and with
	// "error: " to fail otherwise.
	After []string
	// Rows is how many rows have been written in the end, by whatever the connection has committed.
	Rows int
}

// texts are such programs for all engines. INSERT stands for [Engine.Insert], and CLOSE for somebody who closes the fence.
var texts = []FencedTexts{
	{Name: "a transaction that began unseen joins, and is committed", Before: []string{"BEGIN", "INSERT"}, After: []string{"INSERT", "COMMIT"}, Rows: 2},
	{Name: "and is rolled back as a whole", Before: []string{"BEGIN", "INSERT"}, After: []string{"INSERT", "ROLLBACK", "INSERT"}, Rows: 1},
	{Name: "one that only has to be committed takes the fence for that", Before: []string{"BEGIN", "INSERT"}, After: []string{"COMMIT"}, Rows: 1},
	{Name: "and is not, where it is closed", Before: []string{"BEGIN", "INSERT"}, Closed: true, After: []string{"no: COMMIT"}},
	{Name: "one that goes on writing is not either", Before: []string{"BEGIN", "INSERT"}, Closed: true, After: []string{"no: INSERT", "no: COMMIT"}},
	{Name: "nor by the next BEGIN", Before: []string{"BEGIN", "INSERT"}, Closed: true, After: []string{"no: BEGIN", "ROLLBACK"}},
	{Name: "a transaction after another takes the fence", After: []string{"BEGIN", "INSERT", "COMMIT AND CHAIN", "INSERT", "COMMIT", "INSERT"}, Rows: 3},
	{Name: "and none of them writes where it is closed", Closed: true, After: []string{"no: BEGIN", "no: INSERT", "COMMIT", "no: INSERT"}},
	{Name: "what begins with the end of another has not taken it", After: []string{"BEGIN", "INSERT", "COMMIT AND CHAIN", "CLOSE", "no: INSERT", "no: COMMIT"}, Rows: 1},
	{Name: "what was rolled back to a savepoint leaves the rest", Before: []string{"BEGIN", "INSERT", "SAVEPOINT s"}, After: []string{"INSERT", "ROLLBACK TO SAVEPOINT s", "INSERT", "COMMIT"}, Rows: 2},
	{Name: "reads in a transaction do not ask", Before: []string{"BEGIN"}, Closed: true, After: []string{"SELECT 1", "ROLLBACK"}},
}

// RunFencedTexts runs programs of one engine, and those of all.
func RunFencedTexts(t *testing.T, e *Engine, f *fence.Fence, own []FencedTexts) {
	if err := f.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, test := range append(own, texts...) {
		t.Run(test.Name, func(t *testing.T) {
			if err := f.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			e.Guard.Release("fleet")
			before := e.Rows(t)
			c, err := e.DB.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				c.Raw(func(any) error { return errDropped }) // with what is open on it
				e.Guard.Release("fleet")
				if n := e.Rows(t) - before; n != test.Rows {
					t.Errorf("%d rows were written, want %d", n, test.Rows)
				}
			}()
			for _, text := range test.Before {
				if err := e.exec(t.Context(), c, text); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
			e.askForFence(t)
			if test.Closed {
				shut(t, f)
			}
			for _, text := range test.After {
				if text == "CLOSE" {
					shut(t, f)
				} else {
					e.step(t, c, text)
				}
			}
		})
	}
}

// fencedTextsInTx has a text end a transaction that database/sql has begun, and the fence closed then.
func fencedTextsInTx(t *testing.T, e *Engine, f *fence.Fence) {
	e.askForFence(t)
	before := e.Rows(t)
	tx, err := e.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, text := range []string{e.Insert, "COMMIT"} {
		if _, err := tx.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, f)
	_, err = tx.Exec(e.Insert)
	Refused(t, "a write after the text", err)
	tx.Rollback()
	if n := e.Rows(t) - before; n != 1 {
		t.Errorf("%d rows were written, want one", n)
	}
}

func (e *Engine) exec(ctx context.Context, c *sql.Conn, text string) error {
	if text == "INSERT" {
		text = e.Insert
	}
	_, err := c.ExecContext(ctx, text)
	return err
}

func (e *Engine) step(t *testing.T, c *sql.Conn, text string) {
	t.Helper()
	switch want, rest := cut(text); want {
	case "no":
		Refused(t, rest, e.exec(t.Context(), c, rest))
	case "error":
		if err := e.exec(t.Context(), c, rest); err == nil || errors.Is(err, sqlguard.ErrReadOnly) {
			t.Errorf("%s: got %v, want an error that is not the guard's", rest, err)
		}
	default:
		if err := e.exec(t.Context(), c, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// cut cuts what is expected from a text.
func cut(text string) (want, rest string) {
	for _, want := range []string{"no", "error"} {
		if n := len(want) + len(": "); len(text) > n && text[:n] == want+": " {
			return want, text[n:]
		}
	}
	return "", text
}

// shut closes a fence, and gives the lock back.
func shut(t *testing.T, f *fence.Fence) {
	t.Helper()
	lock, err := f.Close(t.Context(), nil)
	if err == nil {
		err = lock.Release()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// FencedAlways holds a pool to Config.Fence: nobody asks for the fence.
func FencedAlways(t *testing.T, e *Engine, f *fence.Fence) {
	if err := f.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	eachWrites(t, e)
	shut(t, f)
	before := e.Rows(t)
	for _, way := range ways {
		Refused(t, way.name+", with the fence closed", way.write(t.Context(), e))
	}
	if n := e.Rows(t) - before; n != 0 {
		t.Errorf("%d rows were written through a closed fence", n)
	}
}

// errDropped has database/sql drop a connection.
var errDropped = driver.ErrBadConn
