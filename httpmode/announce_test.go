package httpmode_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

var announced = sqlguard.Change{Announced: noon.Add(time.Millisecond).In(time.FixedZone("", 3600)), Until: noon.Add(time.Hour), Message: "Sunday at noon", Reason: "secret"}

func TestStatusTellsOfAnAnnouncement(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	m.SetClock(noon.Add(-time.Hour), 0)
	for _, tt := range []struct {
		name string
		mode sqlguard.Mode
	}{
		{"with the mode off nobody has to wait", sqlguard.Off},
		{"nor in a rehearsal", sqlguard.Observe},
	} {
		t.Run(tt.name, func(t *testing.T) {
			change := announced
			change.Mode = tt.mode
			hold(t, g, change)
			w, got := status(t, m)
			want := map[string]any{
				"mode": tt.mode.String(), "anonymous": false, "get_only": false, "epoch": float64(g.State().Epoch),
				"announced": "2026-03-01T12:00:00Z", "until": "2026-03-01T13:00:00Z", "message": "Sunday at noon",
			}
			delete(got, "since")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("status says %v, want %v", got, want)
			}
			if mode := w.Header().Get(httpmode.HeaderMode); mode != "" && tt.mode == sqlguard.Off {
				t.Errorf("%s: %q, although nothing is on", httpmode.HeaderMode, mode)
			}
		})
	}
}

func TestPagesCanTellOfAnAnnouncement(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	hold(t, g, announced)
	if i := m.Info(); !i.Announced.Equal(announced.Announced) || i.Message != "Sunday at noon" || i.On() || i.Noticed() {
		t.Errorf("off: %+v", i)
	}
	change := announced
	change.Anonymous = true
	hold(t, g, change)
	var got httpmode.Info
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = httpmode.FromContext(r.Context())
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if !got.Announced.Equal(announced.Announced) || !got.Noticed() {
		t.Errorf("anonymous: %+v", got)
	}
	hold(t, g, readOnly)
	if i := m.Info(); !i.Announced.IsZero() || !i.Noticed() {
		t.Errorf("read-only: %+v", i)
	}
	hold(t, g, observe)
	if i := m.Info(); i.Noticed() {
		t.Errorf("observe: %+v is noticed", i)
	}
}

func TestAnAnnouncementLeavesRequestsAlone(t *testing.T) {
	g := newGuard(t)
	hold(t, g, announced)
	m := newMiddleware(t, httpmode.Config{Guard: g, Writes: []string{"GET /verify"}})
	var gotW http.ResponseWriter
	var gotR *http.Request
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { gotW, gotR = w, r }))
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/verify", nil)
	if n := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	if gotW != w || gotR != r || len(w.Header()) != 0 {
		t.Errorf("the handler got another writer or request, or a header: %v", w.Header())
	}
}
