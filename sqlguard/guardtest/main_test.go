package guardtest

import (
	"context"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// suite is what a testing.M runs.
type suite func() int

func (s suite) Run() int { return s() }

func TestMainRunsASuiteInTheModeThatItIsAskedFor(t *testing.T) {
	for name, test := range map[string]struct {
		mode string
		nil  bool
		ran  bool
		in   sqlguard.Mode
		code int
		want string // on standard error; "" if there is nothing
	}{
		"nothing is asked for":        {mode: "", ran: true, in: sqlguard.Off, code: 7},
		"off":                         {mode: "off", ran: true, in: sqlguard.Off, code: 7},
		"observe":                     {mode: "observe", ran: true, in: sqlguard.Observe, code: 7, want: "1 kinds of statements of this suite:\nUPDATE (orders)"},
		"read-only":                   {mode: "read-only", ran: true, in: sqlguard.ReadOnly, code: 7, want: "UPDATE (orders)"},
		"a mode that there is not":    {mode: "on", code: 2, want: "SQLGUARD_MODE: mode must be off"},
		"no guard":                    {mode: "observe", nil: true, code: 2, want: "Config.Guard is nil"},
		"no guard, and nothing asked": {mode: "", nil: true, code: 2, want: "Config.Guard is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guard, err := sqlguard.New(sqlguard.Config{})
			if err != nil {
				t.Fatal(err)
			}
			cfg := Config{Guard: guard}
			if test.nil {
				cfg.Guard = nil
			}
			ran, in := false, sqlguard.Off
			var stderr strings.Builder
			code := run(suite(func() int {
				ran, in = true, guard.Mode()
				guard.Decide(context.Background(), "sqlite", &sqlguard.Verdict{
					Class: sqlguard.Write, Op: sqlguard.OpUpdate, Complete: true,
					Tables: []sqlguard.Table{{Name: "orders", Op: sqlguard.OpUpdate}},
				})
				return 7
			}), cfg, test.mode, &stderr)
			if code != test.code || ran != test.ran || in != test.in {
				t.Errorf("code %d, ran %t, in mode %s", code, ran, in)
			}
			if got := stderr.String(); !strings.Contains(got, test.want) || test.want == "" && got != "" {
				t.Errorf("on standard error %q, not %q", got, test.want)
			}
			if guard.On() {
				t.Error("the guard is on afterwards")
			}
		})
	}
}
