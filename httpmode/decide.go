package httpmode

import (
	"mime"
	"net/http"
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Cause is why the maintenance answer is given.
type Cause string

const (
	// CauseWrite: the request would write, or tried to.
	CauseWrite Cause = "write"
	// CauseSignIn: the request needs somebody to be signed in.
	CauseSignIn Cause = "sign-in"
)

// view is what a decision is made from.
type view struct {
	method      string
	class       routeClass // of the route, by the method and by what overrides it
	classAsGet  routeClass // of the same route by GET
	overridden  bool       // a header asks for another method, an unsafe one
	mutation    bool       // the route is of GraphQL, and a mutation is asked for
	convertible bool       // get-only mode makes a GET of it: a browser's form, or as configured
	login       bool       // the route is where people log in or out
}

// decision is what becomes of a request.
type decision struct {
	leaveAlone bool  // the handler gets the request as it came, and answers as it likes
	refuse     Cause // if not empty, the handler does not run
	anonymous  bool  // credentials are removed
	convert    bool  // the request becomes a GET
}

// decide says what becomes of a request. Observe mode alone changes nothing.
func decide(s sqlguard.State, v view) decision {
	if v.class == exempt || !s.On() {
		return decision{leaveAlone: true}
	}
	d := decision{anonymous: s.Anonymous}
	unsafe := v.isUnsafe()
	write := v.writes()
	switch {
	case s.Anonymous && v.login && unsafe:
		d.refuse = CauseSignIn
	case !closed(s) || !write:
	case s.GetOnly && v.method == http.MethodPost && v.convertible && v.class != graphQL && v.classAsGet != writes:
		d.convert = true
	default:
		d.refuse = CauseWrite
	}
	return d
}

// isUnsafe reports whether a request may write by its method.
func (v view) isUnsafe() bool { return !isSafe(v.method) || v.overridden }

// writes reports whether a request is taken for one that writes.
func (v view) writes() bool {
	return v.class == writes || v.class == byMethod && v.isUnsafe() || v.class == graphQL && v.mutation
}

// closed reports whether writing is closed.
func closed(s sqlguard.State) bool { return s.Mode == sqlguard.ReadOnly || s.GetOnly }

// isSafe reports whether a method only reads (RFC 9110, 9.2.1, and QUERY). CONNECT
// opens a tunnel, of which nothing is known: it is none of our business.
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodConnect, "QUERY", "":
		return true
	}
	return false
}

// viewOf looks at a request, as far as the state asks for it: looking up a route
// takes longer than all the rest.
func (m *Middleware) viewOf(r *http.Request, s sqlguard.State) view {
	v := view{method: r.Method, class: m.routes.class(r)}
	v.login = s.Anonymous && m.logins.class(r) == reads
	v.classAsGet = v.class
	if r.Method == http.MethodPost {
		v.convertible = m.config.GetOnly == RewriteAll || isBrowserForm(r)
		v.classAsGet = m.routes.classBy(http.MethodGet, r)
	}
	for name, methods := range r.Header {
		if !strings.Contains(name, "ethod") || !isOverride(name) {
			continue // found so at a glance
		}
		for _, method := range methods {
			m.override(&v, r, strings.ToUpper(method))
		}
	}
	return v
}

// override minds that a header asks for another method than the request's. What
// asks for an unsafe one must be harmless by that method too, and what asks for a safe one must not
// be for a route that writes by it.
func (m *Middleware) override(v *view, r *http.Request, method string) {
	class := m.routes.classBy(method, r)
	switch {
	case !isSafe(method):
		v.overridden = true
		v.class = agree(v.class, class)
	case class == writes:
		v.class = writes
	}
}

// isOverride reports whether a header asks some frameworks for another method than the request's.
func isOverride(name string) bool {
	switch headerName(name) {
	case "X-Http-Method-Override", "X-Http-Method", "X-Method-Override":
		return true
	}
	return false
}

// isBrowserForm reports whether a request is a form that a browser sends to see
// a page. A script that sends one would take another page's 200 for success.
func isBrowserForm(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	// Browsers leave Sec-Fetch-Mode out over plain HTTP. What scripts' libraries
	// say is all there is then; other values of this header name an app that navigates.
	if r.Header.Get("X-Requested-With") == "XMLHttpRequest" {
		return false
	}
	switch mediaType(r.Header) {
	case "application/x-www-form-urlencoded", "multipart/form-data":
		return r.Header.Get("Hx-Request") == "" && acceptsHTML(r.Header)
	}
	return false
}

// mediaType returns the type of a body in lower case, without parameters; empty
// if there is none, or it is malformed.
func mediaType(h http.Header) string {
	t, _, _ := mime.ParseMediaType(h.Get("Content-Type")) // a malformed parameter leaves the type
	return t
}
