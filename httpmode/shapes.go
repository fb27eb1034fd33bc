package httpmode

import (
	"net/http"
	"net/url"
	"strings"
)

// shapes are the methods and paths of the patterns of a [http.ServeMux]. Most requests match
// none of the few patterns that a site names, and are told so by this, without allocation: for those a
// ServeMux takes longest.
type shapes []shape

// shape is one pattern.
type shape struct {
	method   string   // "" for any
	segments []string // anySegment for a wildcard
	open     bool     // it goes on: the path ends in a slash, or with a wildcard for all that is left
}

// anySegment stands for a wildcard. No segment has a slash in it.
const anySegment = "/"

// shapeOf returns the shape of a pattern that a ServeMux has taken.
func shapeOf(pattern string) shape {
	var s shape
	rest := pattern
	if i := strings.IndexAny(pattern, " \t"); i >= 0 {
		s.method, rest = pattern[:i], pattern[i+1:]
	}
	_, path, _ := strings.Cut(rest, "/") // spaces and a host are before the slash
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == "" || strings.HasSuffix(segment, "...}"): // always the last
			s.open = true
			return s
		case segment == "{$}":
			segment = ""
		case strings.HasPrefix(segment, "{"):
			segment = anySegment
		default:
			if plain, err := url.PathUnescape(segment); err == nil {
				segment = plain
			}
		}
		s.segments = append(s.segments, segment)
	}
	return s
}

// mayMatch reports whether any of the patterns may match a request. It is true where
// the path is spelt in a way that a ServeMux, or a router behind it, may read as
// another.
func (all shapes) mayMatch(r *http.Request) bool {
	path := r.URL.Path
	if r.URL.RawPath != "" || !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.Contains(path, "/.") {
		return true
	}
	for i := range all {
		if all[i].mayMatch(r.Method, path[1:]) {
			return true
		}
	}
	return false
}

// mayMatch is mayMatch for one pattern, and a path without its first slash.
func (s *shape) mayMatch(method, path string) bool {
	if s.method != "" && s.method != method && !(s.method == http.MethodGet && method == http.MethodHead) {
		return false
	}
	more := true
	for _, want := range s.segments {
		if !more {
			return want == "" // which a ServeMux redirects to
		}
		var segment string
		segment, path, more = strings.Cut(path, "/")
		if want != anySegment && want != segment {
			return false
		}
	}
	return s.open || !more || path == ""
}
