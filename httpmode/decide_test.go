package httpmode

import (
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

func TestDecide(t *testing.T) {
	readOnly := sqlguard.State{Mode: sqlguard.ReadOnly}
	getOnly := sqlguard.State{Mode: sqlguard.ReadOnly, GetOnly: true}
	all := sqlguard.State{Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true}
	for _, tt := range []struct {
		name  string
		state sqlguard.State
		view  view
		want  decision
	}{
		{"off", sqlguard.State{}, view{method: "POST"}, decision{leaveAlone: true}},
		{"exempt", all, view{method: "POST", class: exempt, login: true}, decision{leaveAlone: true}},
		{"observe", sqlguard.State{Mode: sqlguard.Observe}, view{method: "POST", class: writes}, decision{}},
		{"a read", readOnly, view{method: "GET"}, decision{}},
		{"a write", readOnly, view{method: "POST"}, decision{refuse: CauseWrite}},
		{"a tunnel", readOnly, view{method: "CONNECT"}, decision{}},
		{"a read in anonymous mode", sqlguard.State{Anonymous: true}, view{method: "GET"}, decision{anonymous: true}},
		{"a write in anonymous mode alone", sqlguard.State{Anonymous: true}, view{method: "POST"}, decision{anonymous: true}},
		{"a log in page", all, view{method: "GET", login: true}, decision{anonymous: true}},
		{"a log in", all, view{method: "POST", class: reads, login: true}, decision{anonymous: true, refuse: CauseSignIn}},
		{"a log in in read-only mode", readOnly, view{method: "POST", class: reads, login: true}, decision{}},
		{"a form", getOnly, view{method: "POST", convertible: true}, decision{convert: true}},
		{"a form in all modes", all, view{method: "POST", convertible: true}, decision{anonymous: true, convert: true}},
		{"a form without get-only", readOnly, view{method: "POST", convertible: true}, decision{refuse: CauseWrite}},
		{"a form for a page that writes", getOnly, view{method: "POST", convertible: true, classAsGet: writes}, decision{refuse: CauseWrite}},
		{"a form that reads", getOnly, view{method: "POST", convertible: true, class: reads}, decision{}},
		{"a form by PUT", getOnly, view{method: "PUT", convertible: true}, decision{refuse: CauseWrite}},
		{"a GET with a form's type", getOnly, view{method: "GET", convertible: true}, decision{}},
		{"a GET that writes", getOnly, view{method: "GET", class: writes}, decision{refuse: CauseWrite}},
		{"a GraphQL query", all, view{method: "POST", class: graphQL}, decision{anonymous: true}},
		{"a mutation", getOnly, view{method: "POST", class: graphQL, mutation: true, convertible: true}, decision{refuse: CauseWrite}},
		{"a mutation by GET", readOnly, view{method: "GET", class: graphQL, mutation: true}, decision{refuse: CauseWrite}},
		{"a mutation in observe mode", sqlguard.State{Mode: sqlguard.Observe}, view{method: "POST", class: graphQL, mutation: true}, decision{}},
		{"an overridden GET", readOnly, view{method: "GET", overridden: true}, decision{refuse: CauseWrite}},
		{"an overridden form", getOnly, view{method: "POST", overridden: true, convertible: true}, decision{convert: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := decide(tt.state, tt.view); got != tt.want {
				t.Errorf("decide(%+v, %+v) = %+v, want %+v", tt.state, tt.view, got, tt.want)
			}
		})
	}
}

// FuzzDecide checks what must hold for every view and state.
func FuzzDecide(f *testing.F) {
	f.Add(uint8(2), true, true, "POST", uint8(0), uint8(0), true, true, true, false)
	f.Add(uint8(1), false, false, "GET", uint8(4), uint8(1), false, true, false, true)
	f.Fuzz(func(t *testing.T, mode uint8, anonymous, getOnly bool, method string, class, classAsGet uint8, overridden, form, login, mutation bool) {
		s := sqlguard.State{Mode: sqlguard.Mode(mode % 3), Anonymous: anonymous, GetOnly: getOnly}
		v := view{
			method: method, class: routeClass(class % 5), classAsGet: routeClass(classAsGet % 5),
			overridden: overridden, convertible: form, login: login, mutation: mutation,
		}
		d := decide(s, v)
		closed := s.Mode == sqlguard.ReadOnly || getOnly
		write := v.class == writes || v.class == byMethod && (!isSafe(method) || overridden) || v.class == graphQL && mutation
		switch {
		case d.leaveAlone != (v.class == exempt || !s.On()):
			t.Error("left alone, or not")
		case d.leaveAlone:
			if d != (decision{leaveAlone: true}) {
				t.Error("left alone, and yet not")
			}
		case d.anonymous != anonymous:
			t.Error("anonymous is not what was asked for")
		case d.convert && (d.refuse != "" || method != "POST" || !form || !getOnly || v.class == graphQL || v.classAsGet == writes || !write):
			t.Error("converted what must not be")
		case closed && write && d.refuse == "" && !d.convert:
			t.Error("a write passes")
		case d.refuse == CauseWrite && !(closed && write):
			t.Error("a read is refused")
		case d.refuse == CauseSignIn && !(anonymous && login):
			t.Error("refused to sign in where nobody asked")
		}
	})
}
