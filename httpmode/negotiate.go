package httpmode

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/elnormous/contenttype"
)

// format is the form of an answer.
type format uint8

const (
	formatText format = iota
	formatHTML
	formatProblem
	formatJSON        // problem details for those who ask for any JSON
	formatFragment    // for htmx
	formatGraphQL     // a GraphQL error
	formatGraphQLJSON // the same for clients from before it had a type of its own
)

var (
	typeHTML    = contenttype.MediaType{Type: "text", Subtype: "html"}
	typeText    = contenttype.MediaType{Type: "text", Subtype: "plain"}
	typeJSON    = contenttype.MediaType{Type: "application", Subtype: "json"}
	typeProblem = contenttype.MediaType{Type: "application", Subtype: "problem+json"}
	typeGraphQL = contenttype.MediaType{Type: "application", Subtype: "graphql-response+json"}

	// Where a client likes several as well, the first one is taken.
	offers          = []contenttype.MediaType{typeText, typeHTML, typeProblem, typeJSON}
	offersToJSON    = []contenttype.MediaType{typeProblem, typeJSON, typeText, typeHTML}
	offersToGraphQL = []contenttype.MediaType{typeGraphQL, typeJSON}
	offersOnlyHTML  = []contenttype.MediaType{typeHTML}
)

// negotiate says which form of an answer a request asks for. There is always
// one: what the client sent it for is not there, and a 406 would hide why. On a
// route of GraphQL it is always a GraphQL error.
func negotiate(r *http.Request, class routeClass) format {
	accept := acceptOf(r.Header)
	switch h := r.Header; {
	case class == graphQL:
		return graphQLFormat(accept)
	case strings.Contains(accept, typeGraphQL.Subtype) && graphQLFormat(accept) == formatGraphQL:
		return formatGraphQL
	case h.Get("Hx-Request") == "true":
		return formatFragment
	case h.Get("Sec-Fetch-Dest") == "document", h.Get("Sec-Fetch-Mode") == "navigate":
		return formatHTML
	}
	available := offers
	if isJSON(mediaType(r.Header)) {
		available = offersToJSON
	}
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
	case best.EqualsMIME(typeJSON):
		return formatJSON
	}
	return formatProblem
}

// graphQLFormat says which type a GraphQL error has. A client that says nothing gets
// the new one (GraphQL over HTTP, draft, Response, Body: since 2025).
func graphQLFormat(accept string) format {
	if accept == "" {
		return formatGraphQL
	}
	best, _, err := contenttype.GetAcceptableMediaTypeFromHeader(accept, offersToGraphQL)
	if err == nil && best.EqualsMIME(typeGraphQL) {
		return formatGraphQL
	}
	return formatGraphQLJSON
}

// isJSON reports whether a media type is JSON's, or built on it (RFC 6839, 3.1).
func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// guess reads an Accept header that is malformed, or asks for what there is not
// in so many words: a type with a parameter, a vendor's JSON.
func guess(accept string, otherwise contenttype.MediaType) contenttype.MediaType {
	switch accept = strings.ToLower(accept); {
	case strings.Contains(accept, "html"):
		return typeHTML
	case strings.Contains(accept, "application/json"):
		return typeJSON
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

// acceptOf returns all Accept headers as one (RFC 9110, 5.3), without the charset
// that some clients ask for: all that there is comes in it.
func acceptOf(h http.Header) string {
	accept := strings.TrimSpace(strings.Join(h["Accept"], ", "))
	if strings.Contains(accept, ";") {
		return charset.ReplaceAllLiteralString(accept, "")
	}
	return accept
}

var charset = regexp.MustCompile(`(?i)[ \t]*;[ \t]*charset="?utf-8"?`)
