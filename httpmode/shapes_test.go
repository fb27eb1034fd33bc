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
	"/trees/a/{rest...}", "/assets", "GET /talks/{id}/export", "/pages/{page}/{$}",
}

func namedRoutes(t testing.TB, patterns []string) routes {
	t.Helper()
	table, err := newRoutes(patternList{"Writes", patterns, writes})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestARequestThatMatchesNoPatternIsToldByItsShape(t *testing.T) {
	named := namedRoutes(t, []string{"POST /search", "GET /verify/{token}", "/admin/", "/{$}", "GET /talks/{id}/export", "/trees/a/{rest...}", "/pages/{page}/{$}"})
	for _, tt := range []struct {
		method, path string
		may          bool
	}{
		{"GET", "/talks", false}, {"GET", "/talks/1", false}, {"GET", "/searches", false}, {"PUT", "/verify/x", false},
		{"GET", "/search", false}, {"POST", "/search", true}, {"HEAD", "/verify/x", true}, {"DELETE", "/admin", true},
		{"GET", "/", true}, {"GET", "/%73earch", true}, {"GET", "//talks", true}, {"GET", "/talks/../verify/x", true},
		{"GET", "/talks%2fx", true}, {"GET", "/verify/x/y", false}, {"GET", "/talks/1/exports", false}, {"GET", "/talks/1/export", true},
		{"GET", "/talks/1/export/", true}, {"GET", "/talks/1/export/x", false}, {"POST", "/talks/1/export", false},
		{"GET", "/trees/b/c", false}, {"GET", "/trees/a", true}, {"GET", "/trees/a/b/c", true}, {"GET", "/pages/1/x", false},
		{"GET", "/pages/1/", true}, {"GET", "/pages/1", true}, {"GET", "/admin/x/y", true},
	} {
		u, err := url.ParseRequestURI(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := named.shapes.mayMatch(&http.Request{Method: tt.method, URL: u}); got != tt.may {
			t.Errorf("%s %s: %t, want %t", tt.method, tt.path, got, tt.may)
		}
	}
	for _, anywhere := range []string{"/", "/{any}", "example.com/", "/{rest...}"} {
		if !namedRoutes(t, []string{anywhere}).shapes.mayMatch(&http.Request{Method: "GET", URL: &url.URL{Path: "/talks"}}) {
			t.Errorf("%s is left out", anywhere)
		}
	}
}

// FuzzShapes checks that a ServeMux finds nothing where nothing may match.
func FuzzShapes(f *testing.F) {
	for _, path := range []string{"/search", "/verify/a", "/admin", "/", "/tab", "/spaces/x", "/ascaped/x", "/%61scaped/x", "/head", "/a/x", "/trees/a/b", "/a/./b", "//", "/dot.ted", "/talks/1/export", "/pages/1", "/pages/1/"} {
		f.Add("GET", "api.example.com", path)
		f.Add("POST", "static.example.com", path)
	}
	f.Add("PUT", "", "/tab")
	f.Add("DELETE", "", "/spaces/x")
	var tables []routes
	for i := range patternsOfEveryKind { // alone, and all before it
		tables = append(tables, namedRoutes(f, patternsOfEveryKind[i:i+1]), namedRoutes(f, patternsOfEveryKind[:i+1]))
	}
	f.Fuzz(func(t *testing.T, method, host, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			t.Skip("net/http would not let this request in")
		}
		r := &http.Request{Method: method, Host: host, URL: u}
		for i, table := range tables {
			if table.shapes.mayMatch(r) {
				continue
			}
			if h, pattern := table.mux.Handler(r); table.classes[pattern] == writes {
				t.Errorf("%s %s %q is %q after all (%v), in table %d", method, host, path, pattern, h, i)
			}
		}
	})
}
