package httpmode

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// cacheHeaders let caches keep an answer, or ask for it again by a validator that
// belongs to another one, beside Cache-Control and its kin.
var cacheHeaders = [...]string{"Surrogate-Control", "Edge-Control", "X-Accel-Expires", "Expires", "Etag", "Last-Modified"}

// forgetCaching removes all that caches go by. It is not enough to set Cache-Control: a
// content delivery network looks at a field of its own before it, such as CDN-Cache-Control (RFC
// 9213, 2.2), and each may have another.
func forgetCaching(h http.Header) {
	for key := range h {
		name := fieldName(key)
		if strings.HasSuffix(name, "Cache-Control") || slices.Contains(cacheHeaders[:], name) {
			delete(h, key)
		}
	}
}

// keepFromCaches says that an answer to a request whose credentials were removed
// is for this visitor, now. Without it a shared cache could keep the logged-out page.
// What the handler says against changing its answer on the way, as compression does to a
// stream of events, has nothing to do with keeping it.
func keepFromCaches(h http.Header) {
	cacheControl := "private, no-store"
	if strings.Contains(strings.ToLower(strings.Join(h["Cache-Control"], ",")), "no-transform") {
		cacheControl += ", no-transform"
	}
	forgetCaching(h)
	h.Set("Cache-Control", cacheControl)
	addVary(h, "Cookie")
	addVary(h, "Authorization")
}

// addVary adds a field name to Vary where it is not there (RFC 9110, 12.5.5).
func addVary(h http.Header, field string) {
	for _, line := range h["Vary"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = textproto.TrimString(name); name == "*" || strings.EqualFold(name, field) {
				return
			}
		}
	}
	h.Add("Vary", field)
}
