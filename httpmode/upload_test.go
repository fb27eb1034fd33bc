package httpmode_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// upload is a form with a file, as a server brings it.
func upload(t *testing.T) *http.Request {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("file", "a.png")
	if err != nil {
		t.Fatal(err)
	}
	file.Write([]byte("tiger"))
	form.Close()
	r := httptest.NewRequest("POST", "/", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return r
}

// parsed parses a form, and leaves its file on the disk.
func parsed(t *testing.T, r *http.Request) {
	t.Helper()
	if err := r.ParseMultipartForm(0); err != nil {
		t.Error(err)
	}
	if n := filesLeft(t); n != 1 {
		t.Errorf("%d files on the disk while the handler runs, want the one that was sent", n)
	}
}

func filesLeft(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// net/http removes the files of the request that it has made, and knows of no copy.
func TestUploadsLeaveNoFilesBehind(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /"}, BypassKey: bypassKey})
	for _, tt := range []struct {
		name   string
		change sqlguard.Change
		token  bool
		panics bool
	}{
		{"that observe mode watches", observe, false, false},
		{"of a guest", anonymous, false, false},
		{"to a route that reads", readOnly, false, false},
		{"of a smoke test", readOnly, true, false},
		{"to a handler that panics", observe, false, true},
		{"of a smoke test, to a handler that panics", readOnly, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			hold(t, g, tt.change)
			r := upload(t)
			if tt.token {
				r.Header.Set(httpmode.HeaderBypass, sign(t, bypassKey, "smoke test", time.Now().Add(time.Hour)))
			}
			recoverer(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				parsed(t, r)
				if tt.panics {
					panic("bug")
				}
			}))).ServeHTTP(httptest.NewRecorder(), r)
			if n := filesLeft(t); n != 0 {
				t.Errorf("%d files left, want none", n)
			}
		})
	}
	t.Run("but for those that an outer layer has parsed", func(t *testing.T) {
		t.Setenv("TMPDIR", t.TempDir())
		hold(t, g, observe)
		r := upload(t)
		parsed(t, r)
		m.Handler(http.HandlerFunc(nothing)).ServeHTTP(httptest.NewRecorder(), r)
		if n := filesLeft(t); n != 1 {
			t.Errorf("%d files left, want the one that is the outer layer's", n)
		}
	})
}
