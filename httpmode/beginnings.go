package httpmode

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// beginnings are the methods of the patterns of a [http.ServeMux], by the first
// segment of their paths. Most requests match none of the few patterns that a site names,
// and are told so by this, without allocation: for those a ServeMux takes longest.
type beginnings map[string][]string

// anySegment stands for the first segment of patterns that begin with a wildcard. No
// segment has a slash in it.
const anySegment = "/"

// add adds a pattern that a ServeMux has taken.
func (b beginnings) add(pattern string) {
	method, rest := "", pattern
	if i := strings.IndexAny(pattern, " \t"); i >= 0 {
		method, rest = pattern[:i], pattern[i+1:]
	}
	_, path, _ := strings.Cut(rest, "/") // spaces and a host are before the slash
	segment, _, more := strings.Cut(path, "/")
	if plain, err := url.PathUnescape(segment); err == nil {
		segment = plain
	}
	switch {
	case segment == "{$}":
		segment = ""
	case strings.HasPrefix(segment, "{"), segment == "" && !more:
		segment = anySegment
	}
	b[segment] = append(b[segment], method)
}

// mayMatch reports whether any of the patterns may match a request. It is true where
// the path is spelt in a way that a ServeMux, or a router behind it, may read as
// another.
func (b beginnings) mayMatch(r *http.Request) bool {
	path := r.URL.Path
	if r.URL.RawPath != "" || !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.Contains(path, "/.") {
		return true
	}
	segment, _, _ := strings.Cut(path[1:], "/")
	matches := func(method string) bool {
		return method == "" || method == r.Method || method == http.MethodGet && r.Method == http.MethodHead
	}
	return slices.ContainsFunc(b[segment], matches) || slices.ContainsFunc(b[anySegment], matches)
}
