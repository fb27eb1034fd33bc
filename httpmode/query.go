package httpmode

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// stripQuery removes the parameters that carry identity from the query of a
// request that is a copy but for its URL and form, and reports whether there were any.
// What else is in the query stays as it is spelt, where it is.
func (id identity) stripQuery(r *http.Request) bool {
	if len(id.params) == 0 {
		return false
	}
	query, stripped := id.filterQuery(r.URL.RawQuery)
	if stripped {
		u := *r.URL
		u.RawQuery = query
		r.URL = &u
	}
	if path, query, found := strings.Cut(r.RequestURI, "?"); found {
		if kept, dropped := id.filterQuery(query); dropped {
			r.RequestURI, stripped = path, true
			if kept != "" {
				r.RequestURI += "?" + kept
			}
		}
	}
	return id.stripForm(r) || stripped
}

// stripForm is stripQuery for a form that an outer layer has parsed. It has the
// values of the body before those of the query, and the former stay.
func (id identity) stripForm(r *http.Request) (stripped bool) {
	for _, name := range id.params {
		posted := r.PostForm[name]
		if len(r.Form[name]) <= len(posted) {
			continue
		}
		if !stripped {
			r.Form = maps.Clone(r.Form)
		}
		stripped = true
		if r.Form[name] = slices.Clone(posted); len(posted) == 0 {
			delete(r.Form, name)
		}
	}
	return stripped
}

// filterQuery returns what stays of a query, and whether anything was dropped. A
// semicolon parts parameters too: net/http does not take it so, but what is behind it
// may (see [http.AllowQuerySemicolons]).
func (id identity) filterQuery(query string) (kept string, dropped bool) {
	var b strings.Builder
	separator := ""
	for first := true; ; {
		end := strings.IndexAny(query, "&;")
		param := query
		if end >= 0 {
			param = query[:end]
		}
		if id.isParam(param) {
			dropped = true
		} else {
			if !first {
				b.WriteString(separator)
			}
			b.WriteString(param)
			first = false
		}
		if end < 0 {
			return b.String(), dropped
		}
		separator, query = query[end:end+1], query[end+1:]
	}
}

// isParam reports whether a parameter, as it is spelt, carries identity.
func (id identity) isParam(param string) bool {
	name, _, _ := strings.Cut(param, "=")
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	return slices.Contains(id.params, name)
}
