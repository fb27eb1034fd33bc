package httpmode

import (
	"net/http"

	"github.com/quiescehq/quiesce/sqlguard"
)

// StatusHandler returns a handler that tells clients what is in force, as JSON:
// mode, anonymous, get_only, message, since, until, epoch; announced, when something is; and
// retry_after_seconds when an end is known. It says neither the reason nor who asked,
// unless Config.StatusDetails is set. It answers GET and HEAD, always with 200: it
// tells of a mode, and is no health check.
//
// With Config.StatusDetails, a request with "report" in its query ("/status?report")
// gets the guard's report of observe mode instead ([sqlguard.Report]).
//
// A client that accepts text/event-stream, as a browser's EventSource does, gets the
// same JSON as an event named "state", at once and again whenever it changes (HTML,
// 9.2, server-sent events). The stream ends when the client goes, when the server
// begins to shut down, and when the client reads too slowly; there are at most
// Config.StatusStreams, and who comes when there are that many gets a 503 and can ask for the
// JSON instead. [BannerHandler] has a script that does all that. Proxies must pass a stream on
// as it comes: nginx is told so by X-Accel-Buffering, and what compresses by no-transform.
//
// It needs no [Middleware.Handler] around it, and does no harm inside of one.
func (m *Middleware) StatusHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		addVary(h, "Accept")
		state := m.guard.State()
		newInfo(state).mark(h)
		if acceptsStream(r.Header) {
			m.serveStream(w, r)
			return
		}
		h.Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodGet {
			w.Write(marshal(m.asked(r, state))) // an error means that the client is gone
		}
	})
}

// asked returns what a request to the endpoint asks for.
func (m *Middleware) asked(r *http.Request, s sqlguard.State) any {
	if m.config.StatusDetails && r.URL.Query().Has("report") {
		return m.guard.Report()
	}
	return m.status(s)
}

// status is what the endpoint says.
type status struct {
	Info
	RetryAfter int `json:"retry_after_seconds,omitempty"`
	*statusDetails
}

// statusDetails are for operators.
type statusDetails struct {
	Reason string          `json:"reason,omitempty"`
	By     string          `json:"by,omitempty"`
	Holds  []sqlguard.Hold `json:"holds"`
	Counts sqlguard.Counts `json:"counts"`
}

func (m *Middleware) status(s sqlguard.State) status {
	out := status{Info: newInfo(s)}
	out.Since, out.Until = wholeSeconds(s.Since), wholeSeconds(s.Until)
	out.Announced = wholeSeconds(s.Announced)
	if out.Noticed() { // otherwise there is nothing to wait for: Until is another mode's, or an announced one's
		out.RetryAfter = m.retryAfter(s.Until)
	}
	if m.config.StatusDetails {
		out.statusDetails = &statusDetails{
			Reason: s.Reason, By: s.By, Counts: m.guard.Counts(),
			Holds: append([]sqlguard.Hold{}, s.Holds...),
		}
	}
	return out
}
