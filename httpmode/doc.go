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
// It speaks eight languages, by Accept-Language (see Config.Texts), and nothing typed is
// lost: the page that refuses a form has in it what the visitor typed, to be copied, and a button that
// sends the same form again ([Form]). It keeps up to 64 KiB, and waits at most five seconds for them. It leaves out
// passwords, card numbers, and other fields that look secret by their names (Config.SecretFields), and files; a form that has any,
// it asks to send again from where it was. Nothing is shown of a form that a page of another site sent. A handler that gets a GET made of
// a form finds the form in [FormFromContext].
//
// The middleware needs to set a deadline on the reading of a body: a ResponseWriter around the server's
// must have an Unwrap method (see [http.ResponseController]), or the server a ReadTimeout. Forms are not read otherwise.
//
// While a mode is on every answer has a Quiesce-Mode header, so that load
// balancers, logs and front ends can tell a planned 503 from another: a list of
// tokens (RFC 9651) out of observe, read-only, anonymous and get-only, such as
// "read-only, anonymous".
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
