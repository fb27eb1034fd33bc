package sqlguard

import (
	"strings"
	"testing"
)

func TestTheEnvironmentSaysHowTheProcessStarts(t *testing.T) {
	type vars = map[string]string
	for _, tt := range []struct {
		name   string
		env    vars
		want   Change // Reason apart
		failed []string
	}{
		{"nothing set is off", vars{}, Change{}, nil},
		{"READ_ONLY_MODE is read-only and anonymous", vars{"READ_ONLY_MODE": "true"}, Change{Mode: ReadOnly, Anonymous: true}, nil},
		{"GET_ONLY_MODE is read-only and get-only", vars{"GET_ONLY_MODE": "1"}, Change{Mode: ReadOnly, GetOnly: true}, nil},
		{"both may be on", vars{"READ_ONLY_MODE": "Yes", "GET_ONLY_MODE": "ON"}, Change{Mode: ReadOnly, Anonymous: true, GetOnly: true}, nil},
		{"False is off, unlike in the ancestor", vars{"READ_ONLY_MODE": "False", "GET_ONLY_MODE": "0"}, Change{}, nil},
		{"empty is off", vars{"READ_ONLY_MODE": "", "GET_ONLY_MODE": " ", "SQLGUARD_MODE": ""}, Change{}, nil},
		{"spaces around do not matter", vars{"READ_ONLY_MODE": " t\n"}, Change{Mode: ReadOnly, Anonymous: true}, nil},
		{"SQLGUARD_MODE is the database alone", vars{"SQLGUARD_MODE": "read-only"}, Change{Mode: ReadOnly}, nil},
		{"SQLGUARD_MODE may observe", vars{"SQLGUARD_MODE": "Observe"}, Change{Mode: Observe}, nil},
		{"the strictest wins", vars{"SQLGUARD_MODE": "off", "READ_ONLY_MODE": "y"}, Change{Mode: ReadOnly, Anonymous: true}, nil},
		{"observe does not soften read-only", vars{"SQLGUARD_MODE": "observe", "GET_ONLY_MODE": "y"}, Change{Mode: ReadOnly, GetOnly: true}, nil},
		{"neither true nor false starts closed", vars{"READ_ONLY_MODE": "maybe"}, Change{Mode: ReadOnly}, []string{"READ_ONLY_MODE"}},
		{"an unknown mode starts closed", vars{"SQLGUARD_MODE": "true"}, Change{Mode: ReadOnly}, []string{"SQLGUARD_MODE"}},
		{"each bad variable is named, and good ones count",
			vars{"READ_ONLY_MODE": "2", "GET_ONLY_MODE": "yes", "SQLGUARD_MODE": "closed"},
			Change{Mode: ReadOnly, GetOnly: true}, []string{"READ_ONLY_MODE", "SQLGUARD_MODE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := fromEnvironment(func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok })
			s := g.State()
			got := Change{Mode: s.Mode, Anonymous: s.Anonymous, GetOnly: s.GetOnly}
			if got != tt.want {
				t.Errorf("starts with %+v, want %+v", got, tt.want)
			}
			if (g.Err() != nil) != (tt.failed != nil) {
				t.Errorf("Err is %v", g.Err())
			}
			for _, name := range tt.failed {
				if g.Err() == nil || !strings.Contains(g.Err().Error(), name) {
					t.Errorf("Err %v does not name %s", g.Err(), name)
				}
			}
			if s.On() {
				if len(s.Holds) != 1 || s.Holds[0].Name != EnvironmentHold || s.Reason == "" {
					t.Errorf("the hold is %+v; want one named %q with a reason", s.Holds, EnvironmentHold)
				}
				if g.Release(EnvironmentHold); g.On() {
					t.Error("an operator cannot release it")
				}
			}
		})
	}
}
