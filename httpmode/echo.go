package httpmode

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// FormFromContext returns the form that the request with this context brought, for a
// page that shows after get-only mode made a GET of it (Info.Converted) what was typed,
// so that it is not lost. It reads the form when it is first called, which takes as long as the form
// takes to arrive, though at most a few seconds: call it before the answer is begun, from the
// handler. It is the zero Form for a request that was not converted, whose handler has the form itself.
//
// The form is the visitor's own. A page that shows it must escape it, as html/template does, and must not be cached.
func FormFromContext(ctx context.Context) Form {
	x := exchangeFrom(ctx)
	if x == nil || !x.info.Converted || ctx.Err() != nil {
		return Form{}
	}
	return x.form()
}

// typed is the form of an exchange.
type typed struct {
	once sync.Once
	form Form
	body *formBody // what the handler reads, or nil
}

// form returns what may be given back of the form that was sent.
func (x *exchange) form() Form {
	x.typed.once.Do(func() { x.typed.form = x.readForm() })
	return x.typed.form
}

func (x *exchange) readForm() Form {
	r := x.original
	if !isOwnForm(r) {
		return Form{}
	}
	if sent, ok := parsedForm(r); ok {
		return sent.giveBack(x.m.secrets)
	}
	body := x.typed.body
	if body == nil {
		body = &formBody{ReadCloser: r.Body}
	}
	if !limitReading(x.w, r, x.m.patience) {
		return Form{Incomplete: true}
	}
	kept, ended := body.rest()
	if ended {
		unlimitReading(x.w)
	}
	whole := ended && len(kept) <= maxForm
	if r.ContentLength >= 0 && int64(len(kept)) != r.ContentLength {
		whole = false // somebody has read from it before
	}
	return decodeForm(r.Header.Get("Content-Type"), kept[:min(len(kept), maxForm)], whole).giveBack(x.m.secrets)
}

// teeForm returns the body that the handler reads: of a form, one that keeps what is read.
func (x *exchange) teeForm(body io.ReadCloser) io.ReadCloser {
	if !isOwnForm(x.original) {
		return body
	}
	x.typed.body = &formBody{ReadCloser: body}
	return x.typed.body
}

// limitBody limits the time for a body that no handler reads.
func (x *exchange) limitBody() {
	if hasBody(x.original) {
		limitReading(x.w, x.original, x.m.patience)
	}
}

func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// sameOrigin knows which site's page a request is from, as far as browsers say.
var sameOrigin = http.NewCrossOriginProtection()

// isOwnForm reports whether a request is a browser's form that one of the site's own
// pages sent. One that another site's page sent must not be shown as what the visitor typed, with a
// button that sends it in earnest.
func isOwnForm(r *http.Request) bool {
	return r.Method == http.MethodPost && hasBody(r) && isBrowserForm(r) &&
		r.Header.Get("Content-Encoding") == "" && sameOrigin.Check(r) == nil
}
