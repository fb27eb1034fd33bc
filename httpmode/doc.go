// Package httpmode gives visitors a kind answer while a site is read-only.
//
// Its middleware asks a [sqlguard.Guard] what is in force and does three
// things, each where it belongs:
//
//	request ─ mode off? ── yes ──────────────────────────────────→ handler, nothing touched
//	             └ no ─ good bypass token? ── yes ───────────────→ handler, the token removed
//	                └ no ─ exempt route? ── yes ─────────────────→ handler, nothing touched
//	                       └ no ─ decide, by route class and mode
//	                               ├ refuse, also a GraphQL mutation ─→ maintenance answer, handler not run
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
// known, Cache-Control: no-store, and the form that the client asked for. The first that
// fits is taken: a GraphQL error (on the routes of Config.GraphQL, and where
// application/graphql-response+json is liked best), an htmx fragment, an HTML page for a browser that
// navigates, and then what Accept says among HTML, application/problem+json (RFC
// 9457), application/json and plain text. Who accepts anything gets problem details
// if the request is JSON, and else plain text. The code is always [Code], in
// GraphQL [CodeGraphQL].
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
// While a mode is on every answer, but for those of exempt routes, has a Quiesce-Mode header, so that load
// balancers, logs and front ends can tell a planned 503 from another: a list of
// tokens (RFC 9651) out of observe, read-only, anonymous and get-only, such as
// "read-only, anonymous".
//
// While a mode is on, the statements of a request are reported under its route
// ([sqlguard.WithRoute]): the method and the pattern, never the path. The report of
// observe mode is what the status endpoint gives to operators; see [Config].StatusDetails
// and [Config].Route.
//
// # Smoke tests
//
// Before writing is opened for everybody, somebody should try whether it works. With
// Config.BypassKey set, a request with a token of [SignBypass] is served as with the
// mode off:
//
//	curl -H "Quiesce-Bypass: $TOKEN" -d text=hello https://example.com/comments
//
// A person's browser takes it as a cookie ([NewBypassCookie]). Whoever has the token may write
// until it ends: give it the shortest life that does, and keep it out of URLs. There is no
// way to take back a single token; another key ends them all. Such requests are ordinary ones to a shared cache:
// their answers are as cacheable as the handler makes them.
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
// Put it around the router, too, and not among the router's own middleware: gorilla/mux, echo
// and gin look for the handler by the method that was sent, so a form that get-only mode has made a GET would
// still reach the handler of the POST. (The driver refuses what that writes.) chi is as good either way. echo answers an
// error only after its middleware has returned, where nothing can be mapped any more: around the whole of it, that is no matter.
// Compression may be on either side. Outside of it [http.TimeoutHandler] hides the server's writer: set a ReadTimeout.
//
// # Sessions
//
// A session store in the guarded database works as long as pages that are read do not write
// to it. Some do with every request: scs with an IdleTimeout, and whatever notes when somebody was
// last seen. In read-only mode that write is refused, and so is every page to whoever is logged in. Observe mode finds it
// beforehand ([sqlguard.GroupReadRoute], and [sqlguard.GroupNoContext] for a store without contexts, such as most of scs's), and in read-only mode
// [sqlguard.NewSlogObserver] names the table and says what to do, which is one of these:
//
//   - Name the session table in a Skip rule. Pages stay as they are, and idle sessions end when they would have ended
//     without those visits: give them an IdleTimeout longer than the mode. Log in must not be among Config.Reads then: it would
//     replace a good cookie by one of a session that is nowhere.
//
//   - Keep sessions elsewhere: in memory, in the cookie, or in a database that is not moved.
//
//   - Turn anonymous mode on. Who is a guest has no session to write.
//
//     sqlguard.Rule{Tables: []string{"sessions"}, Action: sqlguard.Skip}
//
// A store without contexts cannot tell the middleware that it was refused. Let the session manager's error
// handler ask [Middleware.WriteError] first, and the page is at least the maintenance answer:
//
//	sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
//		if !mode.WriteError(w, r, err) {
//			http.Error(w, http.StatusText(500), 500)
//		}
//	}
//
// Forms that were opened before anonymous mode work afterwards in any case. For those that are loaded meanwhile the cookie of
// their CSRF token has to be in Config.KeepCookies ("_gorilla_csrf", "csrf_token"); [http.CrossOriginProtection]
// needs none. A form that get-only mode makes a GET is not checked for forgery, because nothing is left of it.
//
// # What it does not see
//
// It cannot see what is written to a hijacked connection, and old web sockets
// outlive a flip: only the driver sees their writes. A request that began with
// the mode off is not looked at again; a write of it that is refused is answered
// by the handler itself, for which there is [Middleware.WriteError].
package httpmode
