package httpmode_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

func status(t *testing.T, m *httpmode.Middleware) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	m.StatusHandler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return w, got
}

func TestStatusSaysWhatIsInForce(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	m.SetClock(noon, 0)
	w, got := status(t, m)
	want := map[string]any{
		"mode": "off", "anonymous": false, "get_only": false, "epoch": 0.0,
		"since": g.State().Since.UTC().Truncate(time.Second).Format(time.RFC3339),
	}
	if !reflect.DeepEqual(got, want) || w.Header().Get(httpmode.HeaderMode) != "" {
		t.Errorf("off: %v, want %v", got, want)
	}
	hold(t, g, sqlguard.Change{
		Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true, Message: "Back soon",
		Reason: "secret", By: "secret", Until: noon.Add(90 * time.Second),
	})
	w, got = status(t, m)
	want = map[string]any{
		"mode": "read-only", "anonymous": true, "get_only": true, "epoch": 1.0, "message": "Back soon",
		"since": g.State().Since.UTC().Truncate(time.Second).Format(time.RFC3339),
		"until": "2026-03-01T12:01:30Z", "retry_after_seconds": 90.0,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("on: %v, want %v", got, want)
	}
	if w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" ||
		w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Quiesce-Mode") != "read-only, anonymous, get-only" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestStatusDetailsAreForOperators(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g, StatusDetails: true})
	if _, got := status(t, m); len(got["holds"].([]any)) != 0 {
		t.Errorf("off: %v", got)
	}
	hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Reason: "moving", By: "ada"})
	write(t.Context(), g)
	_, got := status(t, m)
	holds, _ := got["holds"].([]any)
	if len(holds) != 1 || holds[0].(map[string]any)["name"] != "test" {
		t.Errorf("holds: %v", got["holds"])
	}
	counts, _ := got["counts"].(map[string]any)
	if got["reason"] != "moving" || got["by"] != "ada" || counts["rejected"] != 1.0 {
		t.Errorf("got %v", got)
	}
}

func TestStatusByOtherMethods(t *testing.T) {
	m := newMiddleware(t, httpmode.Config{Guard: newGuard(t)})
	s := serve(t, m.StatusHandler())
	if got := s.do(t, "HEAD", "/", ""); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
	if got := s.do(t, "POST", "/", ""); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", got.status, got.header)
	}
}

func TestFromContextTellsTheHandler(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	var got httpmode.Info
	s := serve(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = httpmode.FromContext(r.Context())
	})))
	s.do(t, "POST", "/", "")
	if got != (httpmode.Info{}) || got.On() {
		t.Errorf("off: %+v", got)
	}
	hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true, Message: "Back soon", Until: noon})
	s.do(t, "POST", "/", "a=b", form, "Cookie: session=1")
	want := httpmode.Info{
		Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true, Message: "Back soon",
		Since: g.State().Since, Until: noon, Epoch: 1, Converted: true, Stripped: true,
	}
	if got != want || !got.On() || !got.ReadOnly() {
		t.Errorf("on: %+v, want %+v", got, want)
	}
	s.do(t, "GET", "/", "")
	if got.Converted || got.Stripped {
		t.Errorf("a plain GET: %+v", got)
	}
}
