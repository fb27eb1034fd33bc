package httpmode

import (
	"net/http"
	"strings"
)

// findRoute finds the route that a request will be handled by, under which its
// statements are reported. It asks the router before the handler runs: the Pattern that a ServeMux
// notes in a request may be noted in a copy of this one, and while a report is made
// by another goroutine.
func (x *exchange) findRoute(r *http.Request) {
	pattern := ""
	if find := x.m.config.Route; find != nil {
		pattern = find(r)
	}
	if pattern == "" && x.mux != nil && r.Method != http.MethodConnect { // for that, a path may come back
		_, pattern = x.mux.Handler(r)
	}
	x.Route = routeLabel(r.Method, pattern)
}

// routeLabel returns the label of a route, with the method, and without anything else
// that a client is free to choose.
func routeLabel(method, pattern string) string {
	method = knownMethod(method)
	if m, path, ok := strings.Cut(pattern, " "); ok {
		path = strings.TrimLeft(path, " \t")
		if len(m)+len(" ")+len(path) == len(pattern) && m == method {
			return pattern // and no copy of it
		}
		if method != http.MethodHead { // which gets what is for GET
			method = m
		}
		pattern = path
	}
	if pattern == "" {
		pattern = "(no route)"
	}
	return method + " " + pattern
}

// knownMethod returns a method if it is a usual one.
func knownMethod(method string) string {
	switch method {
	case "":
		return http.MethodGet
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return method
	}
	if isSafe(method) {
		return method
	}
	return "(other)"
}
