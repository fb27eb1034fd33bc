package httpmode

import (
	"net/http"
	"net/url"
	"testing"
)

// patternsOfEveryKind are apart from each other, so that one ServeMux takes them.
var patternsOfEveryKind = []string{
	"POST /search", "GET /verify/{token}", "/admin/", "/{$}", "PUT\t/tab", "DELETE  /spaces/",
	"/%61scaped/x", "/dot.ted", "HEAD /head", "static.example.com/", "GET api.example.com/{any}/x",
	"/trees/a/{rest...}", "/assets",
}

func newBeginnings(t testing.TB, patterns []string) routes {
	t.Helper()
	table, err := newRoutes(patternList{"Writes", patterns, writes})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestARequestThatMatchesNoPatternIsToldByItsBeginning(t *testing.T) {
	named := newBeginnings(t, []string{"POST /search", "GET /verify/{token}", "/admin/", "/{$}"})
	for _, tt := range []struct {
		method, path string
		may          bool
	}{
		{"GET", "/talks", false}, {"GET", "/talks/1", false}, {"GET", "/searches", false}, {"PUT", "/verify/x", false},
		{"GET", "/search", false}, {"POST", "/search", true}, {"HEAD", "/verify/x", true}, {"DELETE", "/admin", true},
		{"GET", "/", true}, {"GET", "/%73earch", true}, {"GET", "//talks", true}, {"GET", "/talks/../verify/x", true},
		{"GET", "/talks%2fx", true},
	} {
		u, err := url.ParseRequestURI(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := named.begins.mayMatch(&http.Request{Method: tt.method, URL: u}); got != tt.may {
			t.Errorf("%s %s: %t, want %t", tt.method, tt.path, got, tt.may)
		}
	}
	for _, anywhere := range []string{"/", "/{any}", "example.com/", "/{rest...}"} {
		if !newBeginnings(t, []string{anywhere}).begins.mayMatch(&http.Request{Method: "GET", URL: &url.URL{Path: "/talks"}}) {
			t.Errorf("%s is left out", anywhere)
		}
	}
}

// FuzzBeginnings checks that a ServeMux finds nothing where nothing may match.
func FuzzBeginnings(f *testing.F) {
	for _, path := range []string{"/search", "/verify/a", "/admin", "/", "/tab", "/spaces/x", "/ascaped/x", "/%61scaped/x", "/head", "/a/x", "/trees/a/b", "/a/./b", "//", "/dot.ted"} {
		f.Add("GET", "api.example.com", path)
		f.Add("POST", "static.example.com", path)
	}
	f.Add("PUT", "", "/tab")
	f.Add("DELETE", "", "/spaces/x")
	var tables []routes
	for i := range patternsOfEveryKind { // alone, and all before it
		tables = append(tables, newBeginnings(f, patternsOfEveryKind[i:i+1]), newBeginnings(f, patternsOfEveryKind[:i+1]))
	}
	f.Fuzz(func(t *testing.T, method, host, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			t.Skip("net/http would not let this request in")
		}
		r := &http.Request{Method: method, Host: host, URL: u}
		for i, table := range tables {
			if table.begins.mayMatch(r) {
				continue
			}
			if h, pattern := table.mux.Handler(r); table.classes[pattern] == writes {
				t.Errorf("%s %s %q is %q after all (%v), in table %d", method, host, path, pattern, h, i)
			}
		}
	})
}
