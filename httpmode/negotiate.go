package httpmode

import (
	"net/http"
	"strings"

	"github.com/elnormous/contenttype"
)

// format is the form of an answer.
type format uint8

const (
	formatText format = iota
	formatHTML
	formatProblem
	formatFragment // for htmx
)

var (
	typeHTML    = contenttype.MediaType{Type: "text", Subtype: "html"}
	typeText    = contenttype.MediaType{Type: "text", Subtype: "plain"}
	typeJSON    = contenttype.MediaType{Type: "application", Subtype: "json"}
	typeProblem = contenttype.MediaType{Type: "application", Subtype: "problem+json"}

	// Where a client likes several as well, the first one is taken.
	offers         = []contenttype.MediaType{typeText, typeHTML, typeProblem, typeJSON}
	offersToJSON   = []contenttype.MediaType{typeProblem, typeJSON, typeText, typeHTML}
	offersOnlyHTML = []contenttype.MediaType{typeHTML}
)

// negotiate says which form of an answer a request asks for. There is always
// one: what the client sent it for is not there, and a 406 would hide why.
func negotiate(r *http.Request) format {
	switch h := r.Header; {
	case h.Get("Hx-Request") == "true":
		return formatFragment
	case h.Get("Sec-Fetch-Dest") == "document", h.Get("Sec-Fetch-Mode") == "navigate":
		return formatHTML
	}
	available := offers
	if mt := mediaType(r.Header); mt == "application/json" || strings.HasSuffix(mt, "+json") {
		available = offersToJSON
	}
	accept := acceptOf(r.Header)
	best, _, err := contenttype.GetAcceptableMediaTypeFromHeader(accept, available)
	switch {
	case accept == "":
		best = available[0]
	case err != nil:
		best = guess(accept, available[0])
	}
	switch {
	case best.EqualsMIME(typeHTML):
		return formatHTML
	case best.EqualsMIME(typeText):
		return formatText
	}
	return formatProblem
}

// guess reads an Accept header that is malformed, or asks for what there is not
// in so many words: a type with a parameter, a vendor's JSON.
func guess(accept string, otherwise contenttype.MediaType) contenttype.MediaType {
	switch accept = strings.ToLower(accept); {
	case strings.Contains(accept, "html"):
		return typeHTML
	case strings.Contains(accept, "json"):
		return typeProblem
	}
	return otherwise
}

// acceptsHTML reports whether a client can do with a page: it says so, or says nothing.
func acceptsHTML(h http.Header) bool {
	accept := acceptOf(h)
	if accept == "" {
		return true
	}
	_, _, err := contenttype.GetAcceptableMediaTypeFromHeader(accept, offersOnlyHTML)
	return err == nil
}

// acceptOf returns all Accept headers as one (RFC 9110, 5.3).
func acceptOf(h http.Header) string { return strings.TrimSpace(strings.Join(h["Accept"], ", ")) }
