package httpmode_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestWriteError(t *testing.T) {
	g := newGuard(t)
	refused := &sqlguard.BlockedError{Mode: sqlguard.ReadOnly}
	for _, tt := range []struct {
		name   string
		change sqlguard.Change
		inside bool // of the middleware
		err    error
		before string // what the handler has written
		want   bool
	}{
		{"our error", readOnly, true, refused, "", true},
		{"our error, wrapped", readOnly, true, fmt.Errorf("save: %w", refused), "", true},
		{"our error outside", readOnly, false, refused, "", true},
		{"the server's own, with the mode off", sqlguard.Change{}, true, postgresError{}, "", true},
		{"another error", readOnly, true, errors.New("bug"), "", false},
		{"no error", readOnly, true, nil, "", false},
		{"our error, too late", readOnly, true, refused, "part", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hold(t, g, tt.change)
			m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /"}})
			var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"1"`)
				w.Header().Set("Content-Length", "4")
				if tt.before != "" {
					w.Header().Del("Content-Length")
					fmt.Fprint(w, tt.before)
				}
				if got := m.WriteError(w, r, tt.err); got != tt.want {
					t.Errorf("WriteError returned %t", got)
				} else if !got && tt.before == "" {
					w.Header().Del("Content-Length")
					http.Error(w, "own", 500)
				}
			})
			if tt.inside {
				h = m.Handler(h)
			}
			got := serve(t, h).do(t, "POST", "/", "", "Accept: text/html")
			switch {
			case tt.want:
				got.wantMaintenance(t, httpmode.CauseWrite)
				if got.header.Get("ETag") != "" || !strings.HasSuffix(got.body, "</html>\n") {
					t.Errorf("the answer is not whole: %v\n%s", got.header, got.body)
				}
			case tt.before != "":
				got.wantAnswer(t, 200, tt.before)
			default:
				got.wantAnswer(t, 500, "own\n")
			}
		})
	}
}

// statusWriter is what logging middleware inside looks at.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func TestWriteErrorIsSeenByInnerLayers(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /"}})
	var logged int
	s := serve(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := &statusWriter{ResponseWriter: w}
		m.WriteError(inner, r, write(r.Context(), g))
		logged = inner.status
	})))
	s.do(t, "POST", "/", "").wantMaintenance(t, httpmode.CauseWrite)
	if logged != http.StatusServiceUnavailable {
		t.Errorf("the inner layer saw status %d, want 503", logged)
	}
}

// postgresError is shaped as the drivers' errors are.
type postgresError struct{}

func (postgresError) Error() string    { return "cannot execute INSERT in a read-only transaction" }
func (postgresError) SQLState() string { return "25006" }
