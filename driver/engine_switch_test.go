package driver_test

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"strings"
	"testing"
)

// answering gives the rows of a query the state of the switch, of which SWITCH ON and
// OFF are followed.
func answering(f *fake, on any) {
	last := ""
	f.onCall = func(call string) {
		switch call {
		case "ExecContext SWITCH ON":
			on = int64(1)
		case "ExecContext SWITCH OFF":
			on = int64(0)
		}
		if !strings.HasPrefix(call, "Rows") {
			last = call
		}
	}
	f.rows = func(r fullRows) sqldriver.Rows {
		if strings.HasSuffix(last, "SWITCH?") {
			return &answer{value: on}
		}
		return r.fakeRows
	}
}

type answer struct {
	emptyRows
	value any
}

func (a *answer) Columns() []string { return []string{"switch"} }
func (a *answer) Next(dest []sqldriver.Value) error {
	dest[0] = a.value
	return nil
}

func TestTheSwitchIsOnWhileAQueryRuns(t *testing.T) {
	for _, test := range []struct {
		name  string
		on    any
		steps string
		asked string
	}{
		{"it is put back when the rows are closed", int64(0), "query: SELECT unknown()\nSELECT unknown()",
			"SWITCH?, SWITCH ON, SELECT unknown(), rows closed, SWITCH OFF, SWITCH?, SWITCH ON, SELECT unknown(), SWITCH OFF"},
		{"what was on before stays on", int64(1), "query: SELECT unknown()\nSELECT unknown()",
			"SWITCH?, SELECT unknown(), rows closed, SWITCH?, SELECT unknown()"},
		{"it is used in transactions as well", int64(0), "begin\nSELECT unknown()\ncommit",
			"begin read-only, SWITCH?, SWITCH ON, SELECT unknown(), SWITCH OFF, commit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{}
			answering(f, test.on)
			s := play(t, f, switches, nothing, nil)
			s.run("read-only\n" + test.steps)
			if got := asked(f); got != test.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, test.asked)
			}
		})
	}
}

func TestTheSwitchIsPutBackWhenTheLastRowsAreClosed(t *testing.T) {
	f := &fake{}
	answering(f, int64(0))
	s := play(t, f, switches, nothing, nil)
	s.run("read-only")
	ctx := context.Background()
	var open []*sql.Rows
	for range 3 {
		rows, err := s.conn.QueryContext(ctx, "SELECT unknown()")
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, rows)
	}
	open[1].Close()
	open[0].Close()
	if got := asked(f); strings.Contains(got, "OFF") {
		t.Errorf("it was put back while rows are open: %s", got)
	}
	open[2].Close()
	const want = "SWITCH?, SWITCH ON, SELECT unknown(), SELECT unknown(), SELECT unknown(), rows closed, rows closed, rows closed, SWITCH OFF"
	if got := asked(f); got != want {
		t.Errorf("the driver was asked: %s\nwant: %s", got, want)
	}
}

func TestASwitchThatFailsLetsNothingPass(t *testing.T) {
	for _, test := range []struct {
		name, fails, asked string
		on                 any
		conns              int
	}{
		{"at asking for it", "QueryContext SWITCH?", "SWITCH?", int64(0), 1},
		{"at turning it on, it may be on", "ExecContext SWITCH ON", "SWITCH?, SWITCH ON, SWITCH OFF", int64(0), 1},
		{"at an answer that is no number", "", "SWITCH?", "on", 1},
		{"at putting it back, the connection is dropped", "ExecContext SWITCH OFF",
			"SWITCH?, SWITCH ON, SELECT unknown(), SWITCH OFF", int64(0), 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{errs: map[string]error{test.fails: errDriver}}
			answering(f, test.on)
			s := play(t, f, switches, nothing, nil)
			s.run("read-only")
			if err := s.step("SELECT unknown()"); (err == nil) != (test.conns == 2) {
				t.Errorf("the query's error is %v", err)
			}
			if got := asked(f); got != test.asked {
				t.Errorf("the driver was asked: %s\nwant: %s", got, test.asked)
			}
			s.run("return")
			if f.connections() != test.conns {
				t.Errorf("%d connections were opened, want %d", f.connections(), test.conns)
			}
		})
	}
}
