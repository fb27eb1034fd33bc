package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/guardtest"
)

// failures is a test that keeps what would have failed it.
type failures struct {
	testing.TB
	cleanups []func()
	sync.Mutex
	list []string
}

func (f *failures) Cleanup(fn func()) { f.cleanups = append(f.cleanups, fn) }

func (f *failures) Errorf(format string, args ...any) {
	f.Lock()
	defer f.Unlock()
	f.list = append(f.list, args[0].(guardtest.Finding).String())
}

func (f *failures) end() []string {
	for _, fn := range slices.Backward(f.cleanups) {
		fn()
	}
	return f.list
}

// TestNoPageWrites looks at every page, and then plants a write in each to see that it is
// found. The view counter is no finding: the site's policy skips it.
func TestNoPageWrites(t *testing.T) {
	for name, plant := range map[string]func(data store, r *http.Request) error{
		"": nil,
		"UPDATE (talks) in GET /talks/1": func(data store, r *http.Request) error {
			if r.URL.Path != "/talks/1" {
				return nil
			}
			_, err := data.db.ExecContext(r.Context(), "UPDATE talks SET title = title WHERE id = 1")
			return err
		},
		"DELETE (stars) in GET /": func(data store, r *http.Request) error {
			if r.Method != http.MethodGet || r.URL.Path != "/" {
				return nil
			}
			_, err := data.db.Exec("DELETE FROM stars WHERE user_id = -1") // without the request's context
			return err
		},
	} {
		t.Run("planted: "+name, func(t *testing.T) {
			t.Parallel()
			guard, err := sqlguard.New(sqlguard.Config{})
			if err != nil {
				t.Fatal(err)
			}
			data := openGuarded(t, newFile(t), guard)
			site, err := newSite(t.Context(), data, guard, testToken, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			planted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if plant != nil {
					if err := plant(data, r); err != nil {
						t.Error(err)
					}
				}
				site.ServeHTTP(w, r)
			})
			found := &failures{TB: t}
			server := guardtest.NewServer(found, guardtest.Config{Guard: guard}, planted)
			lookAround(t, server.URL)
			list := found.end()
			switch {
			case plant == nil && len(list) > 0:
				t.Errorf("found, where nothing is planted: %q", list)
			case plant != nil && (len(list) != 1 || !strings.HasPrefix(list[0], name)):
				t.Errorf("found %q, not %q", list, name)
			}
		})
	}
}

// lookAround asks for every page, and writes what visitors write.
func lookAround(t *testing.T, url string) {
	t.Helper()
	v := loggedIn(t, url)
	for _, path := range []string{"/", "/talks/1", "/propose", "/login", "/style.css", "/healthz", "/status", "/banner.js", "/control"} {
		v.wantStatus(http.StatusOK, v.get(path))
	}
	v.wantStatus(http.StatusNotFound, v.get("/nothing"))
	v.wantStatus(http.StatusSeeOther, v.post("/talks/2/star", "star", "on"))
	v.wantStatus(http.StatusSeeOther, v.post("/talks/2", "comment", "Hello"))
	v.wantStatus(http.StatusSeeOther, v.post("/propose", "title", "T", "abstract", "A"))
}

// TestWhatTheSiteLosesIsListed writes as visitors do. What would be refused happens, and is
// listed; in read-only mode the middleware refuses it before any statement runs.
func TestWhatTheSiteLosesIsListed(t *testing.T) {
	for name, test := range map[string]struct {
		listen func(testing.TB, guardtest.Config) *guardtest.Log
		status int
		want   []string
	}{
		"observed": {guardtest.Observe, http.StatusSeeOther, []string{
			"INSERT (stars) labelled POST /talks/{id}/star", "INSERT (comments) labelled POST /talks/{id}", "INSERT (talks) labelled POST /propose",
		}},
		"read-only": {guardtest.ReadOnly, http.StatusServiceUnavailable, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guard, err := sqlguard.New(sqlguard.Config{})
			if err != nil {
				t.Fatal(err)
			}
			data := openGuarded(t, newFile(t), guard)
			site, err := newSite(t.Context(), data, guard, testToken, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(site)
			defer server.Close()
			v := loggedIn(t, server.URL)
			list := test.listen(t, guardtest.Config{Guard: guard})
			v.wantStatus(http.StatusOK, v.get("/talks/1"))
			v.wantStatus(test.status, v.post("/talks/2/star", "star", "on"))
			v.wantStatus(test.status, v.post("/talks/2", "comment", "Hello"))
			v.wantStatus(test.status, v.post("/propose", "title", "T", "abstract", "A"))
			var lost []string
			for _, f := range list.Findings() {
				what, _, _ := strings.Cut(f.String(), " by ")
				lost = append(lost, what)
			}
			if !slices.Equal(lost, test.want) {
				t.Errorf("listed %q, not %q", lost, test.want)
			}
		})
	}
}
