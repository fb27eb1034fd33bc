// Package httpmode gives visitors a kind answer while a site is read-only.
//
// Its middleware asks a [sqlguard.Guard] what is in force and does three
// things, each where it belongs:
//
//	request ─ mode off? ── yes ──────────────────────────────────→ handler, nothing touched
//	             └ no ─ exempt route? ── yes ────────────────────→ handler, nothing touched
//	                       └ no ─ decide, by route class and mode
//	                               ├ refuse ─────────────────────→ maintenance answer, handler not run
//	                               └ pass
//	                                  ├ anonymous: credentials removed from the request
//	                                  ├ get-only: a form post becomes a GET
//	                                  ↓
//	                               handler ─ header is about to be sent
//	                                  ├ a write was refused, and the status is 500 or more ─→ maintenance answer
//	                                  ├ a sign-in is asked for because of what was removed ─→ maintenance answer
//	                                  └ anything else ─→ the handler's answer; anonymous: no cookie set, caches told
//
// The middleware is a courtesy, the driver is the wall: what a handler writes in
// a GET only package driver sees. Get-only mode without a guarded driver is not
// read-only.
//
// The maintenance answer is 503 Service Unavailable (RFC 9110, 15.6.4), given in
// place, never a redirect and never a 405. It has Retry-After when the end is
// known, Cache-Control: no-store, and the form that the client asked for: an HTML
// page, application/problem+json (RFC 9457), an htmx fragment, or plain text. Its
// code is always [Code].
//
// While a mode is on every answer, but for those of exempt routes, has a Quiesce-Mode header, so that load
// balancers, logs and front ends can tell a planned 503 from another: a list of
// tokens (RFC 9651) out of observe, read-only, anonymous and get-only, such as
// "read-only, anonymous".
//
// # What clients are told
//
// [Middleware.StatusHandler] tells what is in force as JSON, and by server-sent events
// whenever that changes; [BannerHandler] serves a small script that makes a banner of it on
// open pages, so that nobody writes for an hour into a form that has closed meanwhile:
//
//	mux.Handle("GET /status", mode.StatusHandler())
//	mux.Handle("GET /banner.js", httpmode.BannerHandler())
//
//	<script src="/banner.js" data-status="/status" defer></script>
//
// A planned mode is announced before it is on, by a hold that asks for nothing yet.
// The banner tells when it will begin; requests are not looked at:
//
//	guard.Hold("migration", sqlguard.Change{Announced: begin, Until: end, Message: "We move to a new host."})
//
// Pages that are rendered on the server say the same by [Middleware.Info], and by
// [FromContext] what became of this request.
//
// # Where it belongs
//
// Put the middleware outside of sessions, sign-in, CSRF protection, body parsing
// and method overrides, because it takes from the request what they read, and
// from the answer what they add. Put CORS outside of it, so that scripts of other
// origins can read the refusal, and recovery from panics inside of it.
//
// It cannot see what is written to a hijacked connection, and old web sockets
// outlive a flip: only the driver sees their writes. A request that began with
// the mode off is not looked at again; a write of it that is refused is answered
// by the handler itself, for which there is [Middleware.WriteError].
package httpmode
