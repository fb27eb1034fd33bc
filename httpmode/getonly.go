package httpmode

import (
	"net/http"
	"strings"
)

// convert makes a GET of a form post. The request is already a copy, and its header
// map is its own; nothing of what was sent is left but the URL, so that no handler, method override or CSRF
// check takes it for what it was: a form that an outer layer had parsed would
// still be there.
func convert(r *http.Request) {
	r.Method = http.MethodGet
	r.Body = http.NoBody
	r.GetBody = nil
	r.ContentLength = 0
	r.TransferEncoding = nil
	r.Trailer = nil
	r.Form, r.PostForm, r.MultipartForm = nil, nil, nil
	for name := range r.Header {
		if strings.HasPrefix(name, "Content-") {
			delete(r.Header, name)
		}
	}
	for _, name := range overrideHeaders {
		delete(r.Header, name)
	}
	r.Header.Del("Expect")
	r.Header.Del("Trailer")
	r.Header.Del("Transfer-Encoding")
}
