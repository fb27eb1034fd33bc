package httpmode

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// routeClass says what a route is taken for. As a handler it is only a mark in a
// ServeMux, and never serves.
type routeClass uint8

const (
	byMethod routeClass = iota // the method tells
	reads
	writes
	exempt
	graphQL // reads, unless what is sent there asks for a mutation
)

func (routeClass) ServeHTTP(http.ResponseWriter, *http.Request) {}

// routes knows the classes of the routes that the configuration names.
type routes struct {
	mux     *http.ServeMux // nil if no route is named
	classes map[string]routeClass
	shapes  shapes
}

// class returns the class of a request. A path with escapes is looked up decoded
// too, since other routers and proxies read it so: to a ServeMux "/panel/%2e%2e/orders"
// is below "/panel/", to them it is "/orders".
func (t routes) class(r *http.Request) routeClass {
	if t.mux == nil {
		return byMethod
	}
	class := t.lookUp(r)
	if r.URL.RawPath == "" {
		return class
	}
	decoded := &url.URL{Path: r.URL.Path}
	return agree(class, t.lookUp(&http.Request{Method: r.Method, URL: decoded, Host: r.Host}))
}

// classBy is class for a request as if it came by another method.
func (t routes) classBy(method string, r *http.Request) routeClass {
	return t.class(&http.Request{Method: method, URL: r.URL, Host: r.Host})
}

// agree returns what a request is that can be read in two ways: a write if it is
// one in either, and else only what it is in both.
func agree(a, b routeClass) routeClass {
	switch {
	case a == b:
		return a
	case a == writes || b == writes:
		return writes
	}
	return byMethod
}

// lookUp returns the class of a path as it is spelt. Only the very path of a route
// is the route: what a ServeMux would redirect to it is not, unless that is a write.
func (t routes) lookUp(r *http.Request) routeClass {
	if !t.shapes.mayMatch(r) {
		return byMethod
	}
	h, pattern := t.mux.Handler(r)
	if class, ok := h.(routeClass); ok {
		return class
	}
	if t.classes[pattern] == writes {
		return writes
	}
	return byMethod
}

// matches reports whether a GET of u is for any route. The host is that of the
// request where u has none.
func (t routes) matches(u *url.URL, host string) bool {
	if t.mux == nil {
		return false
	}
	if u.Host != "" {
		host = u.Host
	}
	_, pattern := t.mux.Handler(&http.Request{Method: http.MethodGet, URL: u, Host: host})
	_, named := t.classes[pattern]
	return named
}

// patternList is one field of the configuration.
type patternList struct {
	field    string
	patterns []string
	class    routeClass
}

// newRoutes puts the patterns of all lists into one ServeMux, so that it says
// which of them is the most specific.
func newRoutes(lists ...patternList) (routes, error) {
	t := routes{classes: make(map[string]routeClass)}
	var names, patterns []string
	for _, list := range lists {
		for i, pattern := range list.patterns {
			name := fmt.Sprintf("Config.%s[%d]", list.field, i)
			if err := register(http.NewServeMux(), pattern, list.class); err != nil {
				return t, fmt.Errorf("%s: %q is not a pattern of a http.ServeMux: %w", name, pattern, err)
			}
			if t.mux == nil {
				t.mux = http.NewServeMux()
			}
			if err := register(t.mux, pattern, list.class); err != nil {
				i := conflict(patterns, pattern)
				return t, fmt.Errorf("%s: %q conflicts with %s, %q: some requests match both, and neither is more specific",
					name, pattern, names[i], patterns[i])
			}
			t.classes[pattern] = list.class
			t.shapes = append(t.shapes, shapeOf(pattern))
			names, patterns = append(names, name), append(patterns, pattern)
		}
	}
	if t.mux != nil {
		// What no other pattern matches is found at once by this one; without it a ServeMux
		// looks for the methods that it would have. If there is one like it, that will do.
		_ = register(t.mux, "/", byMethod)
	}
	return t, nil
}

// conflict returns which of the patterns cannot stand beside another.
func conflict(patterns []string, other string) int {
	for i, pattern := range patterns {
		mux := http.NewServeMux()
		if register(mux, pattern, byMethod) == nil && register(mux, other, byMethod) != nil {
			return i
		}
	}
	return len(patterns) - 1
}

// register makes an error of ServeMux's panic over a pattern.
func register(mux *http.ServeMux, pattern string, class routeClass) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
	}()
	mux.Handle(pattern, class)
	return nil
}

// newLoginRoutes is newRoutes for patterns that must not name a method, because
// redirects are looked up in them.
func newLoginRoutes(patterns []string) (routes, error) {
	for i, pattern := range patterns {
		if strings.ContainsAny(pattern, " \t") {
			return routes{}, fmt.Errorf("Config.LoginPaths[%d]: %q must be a path, or host and path, without a method", i, pattern)
		}
	}
	return newRoutes(patternList{"LoginPaths", patterns, reads})
}
