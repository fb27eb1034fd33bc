package httpmode

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// GetOnlyStyle is what get-only mode does to form posts. PUT, PATCH, DELETE, and what
// is no form, are refused whatever the style, but for [RewriteAll].
type GetOnlyStyle uint8

const (
	// Rewrite makes a GET of a form that a browser sends to see a page, urlencoded
	// or multipart. The visitor sees the page that the form was on, which says why nothing happened
	// (Info.Converted). Where that page has no GET, its 404 or 405 becomes the maintenance
	// answer.
	Rewrite GetOnlyStyle = iota
	// SeeOther answers those forms with a 303 to the same URL, which keeps the
	// browser's history honest: reloading sends nothing again. But the GET that follows knows of no form (no
	// cookie is set to tell it), so Info.Converted is false then, and its 404 or 405 is its own.
	SeeOther
	// RewriteAll makes a GET of every POST, whatever its type: for a site that was
	// built around that. An API client takes the answer for success.
	RewriteAll
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
		if isOverride(name) || describesBody(headerName(name)) {
			delete(r.Header, name)
		}
	}
}

// describesBody reports whether a header is about the body of a request.
func describesBody(name string) bool {
	switch name {
	case "Expect", "Trailer", "Transfer-Encoding":
		return true
	}
	return strings.HasPrefix(name, "Content-")
}

// seeOther answers a form post with a redirect to the URL that it was sent to.
func (x *exchange) seeOther() {
	x.m.counts.own(true)
	h := x.w.Header()
	x.guardHeader(h)
	forgetCaching(h)
	h.Set("Location", sameURL(x.original))
	h.Set("Cache-Control", "no-store")
	x.w.WriteHeader(http.StatusSeeOther)
}

// sameURL returns a reference to the URL that the client asked for, whatever outer
// layers made of it. A path that begins with two slashes would be another host's
// ("//evil.example/"): "/." before it keeps it a path (RFC 3986, 5.2.4).
func sameURL(r *http.Request) string {
	u := r.URL
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil {
		u = asked
	}
	path := u.EscapedPath()
	switch {
	case strings.HasPrefix(path, "//"):
		path = "/." + path
	case !strings.HasPrefix(path, "/"):
		path = "/" + path
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	var b strings.Builder
	for _, c := range []byte(path) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
