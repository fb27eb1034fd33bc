package httpmode

import (
	"context"
	"maps"
	"net/http"
	"sync/atomic"

	"github.com/quiescehq/quiesce/sqlguard"
)

type exchangeKey struct{}

// exchangeFrom returns the exchange that a request's context belongs to, or nil.
func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// exchange is one request and its answer while a mode is on. The goroutine that
// owns the writer owns the fields; a handler's others (http.TimeoutHandler's) may
// come by in WriteError, which keeps to the atomic ones.
//
// It is the context of the handler's request itself, with the recorder and the route in it.
type exchange struct {
	sqlguard.Scope
	m         *Middleware
	w         http.ResponseWriter // the one given to the middleware
	original  *http.Request       // as it came
	info      Info
	anonymous bool
	bypassed  bool           // the request is left alone, and its answer
	mux       *http.ServeMux // the handler, if it is one
	before    http.Header    // the header map as it was before the handler
	typed     typed          // the form that the visitor sent

	committed atomic.Bool // the header is sent, or as good as sent
	forced    atomic.Bool // WriteError asked for the maintenance answer
	replaced  bool        // the answer is ours; what the handler writes is discarded
	unsent    http.Header // what the handler says after that
}

// Value finds the exchange itself, and else what the [sqlguard.Scope] has.
func (x *exchange) Value(key any) any {
	if key == (exchangeKey{}) {
		return x
	}
	return x.Scope.Value(key)
}

// String keeps the request out of logs that print its context.
func (x *exchange) String() string { return "httpmode" }

// begin marks the answer with the mode. What was in the header map before is kept,
// for when it has to be put back.
func (x *exchange) begin() {
	header := x.w.Header()
	if len(header) > 0 {
		x.before = header.Clone()
	}
	x.info.mark(header)
}

// run calls the handler, and minds its answer.
func (x *exchange) run(next http.Handler, r *http.Request) {
	defer handBack(x.original, r)
	defer x.guardTrailers() // also those of a handler whose panic is recovered from outside
	defer func() {
		if v := recover(); v != nil {
			x.panicked(v)
		}
	}()
	next.ServeHTTP(x.writer(), r)
	if !x.committed.Load() {
		x.commit(http.StatusOK) // what net/http makes of a handler that wrote nothing
	}
}

// handBack does for the copy of a request what net/http and outer layers do for the
// original, and find nothing there: the files of its form are removed, and the pattern that a ServeMux
// noted in it is there to be read, by those who count requests by route.
func handBack(original, r *http.Request) {
	original.Pattern = r.Pattern
	if form := r.MultipartForm; form != nil && form != original.MultipartForm {
		form.RemoveAll() // what cannot be removed, net/http does not mention either
	}
}

// guardTrailers minds what the handler put into the header map once the header
// was sent, which net/http sends as trailers.
func (x *exchange) guardTrailers() {
	if x.anonymous { // otherwise net/http need not copy its header map to show it once more
		x.guardHeader(x.w.Header())
	}
}

// panicked answers a panic that says that writing is closed. All others go on
// as they came: http.ErrAbortHandler, and whatever middleware outside recovers from.
func (x *exchange) panicked(v any) {
	err, isError := v.(error)
	switch readOnly := isError && sqlguard.IsReadOnly(err); {
	case readOnly && x.replaced: // it is answered already
	case readOnly && !x.committed.Load():
		x.replace(CauseWrite)
	default:
		x.pass(x.w.Header()) // for whoever answers in our place
		panic(v)
	}
}

// commit is called once, when the handler's header is about to be sent. It reports
// whether the maintenance answer was sent instead.
func (x *exchange) commit(status int) bool {
	switch header := x.w.Header(); {
	case x.forced.Load(), x.Recorder.Blocked() != nil && status >= x.m.config.mapFrom():
		x.replace(CauseWrite)
	case x.info.Converted && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed):
		x.replace(CauseWrite) // the page that took the form has no GET
	case x.info.Stripped && x.m.asksSignIn(x.original, status, header):
		x.replace(CauseSignIn)
	default:
		x.committed.Store(true)
		x.m.counts.own(x.info.Converted)
		x.pass(header)
	}
	return x.replaced
}

// pass makes a header of the handler's fit to be sent.
func (x *exchange) pass(h http.Header) {
	x.guardHeader(h)
	if h[HeaderMode] == nil {
		x.info.mark(h) // the handler has cleared its header
	}
	if x.info.Stripped {
		keepFromCaches(h)
	}
}

// guardHeader removes what anonymous mode holds back from an answer.
func (x *exchange) guardHeader(h http.Header) {
	if x.anonymous {
		x.m.identity.guardHeader(h)
	}
}

// replace gives the maintenance answer in place of the handler's. The header map
// is put back to what it was before the handler: that removes what inner layers
// said of their body, and keeps what outer ones rely on.
func (x *exchange) replace(cause Cause) {
	header := x.w.Header()
	clear(header)
	maps.Copy(header, x.before)
	x.replaced = true
	x.answer(cause)
}

// answer gives the maintenance answer.
func (x *exchange) answer(cause Cause) {
	x.committed.Store(true)
	x.m.counts.maintenance(cause)
	info := x.current(cause)
	a := x.m.newAnswer(x.original, info, cause)
	header := x.w.Header()
	if a.format == formatHTML {
		a.page.Form = x.form()
		a.frames = frameAncestors(header)
	}
	response := x.m.renderer.render(a)
	forgetCaching(header) // what outer layers say of every answer
	info.mark(header)
	maps.Copy(header, response.header)
	x.guardHeader(header)
	x.w.WriteHeader(http.StatusServiceUnavailable)
	if x.original.Method != http.MethodHead {
		x.w.Write(response.body) // an error means that the client is gone
	}
}
