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
// a GET, only package driver sees. Get-only mode without a guarded driver is not
// read-only.
//
// # What visitors get
//
// The maintenance answer is 503 Service Unavailable (RFC 9110, 15.6.4), given in
// place, never a redirect and never a 405. It has Cache-Control: no-store, and
// Retry-After when the end is known. Its format is the first that fits of these:
// a GraphQL error (on the routes of Config.GraphQL, and for who prefers
// application/graphql-response+json), an htmx fragment, an HTML page for a
// browser that navigates, and then what Accept says among HTML,
// application/problem+json (RFC 9457), application/json and plain text. Who
// accepts anything gets problem details if the request is JSON, and else plain
// text. The code in it is [Code], in GraphQL [CodeGraphQL].
//
// It speaks eight languages, by Accept-Language; Config.Texts adds others.
//
// Nothing typed is lost: the page that refuses a form shows what the visitor
// typed, to be copied, and has a button that sends the same form again ([Form]).
// It keeps up to 64 KiB of a form, and waits at most five seconds for the rest of
// one. It leaves out files, and passwords, card numbers and other fields that
// look secret by their names (Config.SecretFields); of a form with any of those
// it says to go back and send it again from there. Of a form that a page of
// another site sent, it shows nothing. A handler that gets a GET made of a form
// finds what was typed by [FormFromContext].
//
// To wait no longer than that, the middleware sets a deadline on the reading of
// the body. It can if each ResponseWriter around the server's has an Unwrap
// method (see [http.ResponseController]). Otherwise the server needs a
// ReadTimeout, or forms are not read.
//
// While a mode is on, every answer has a Quiesce-Mode header, so that load
// balancers, logs and front ends can tell a planned 503 from another. Only the
// answers of exempt routes are left alone. The header is a list of tokens (RFC
// 9651) out of observe, read-only, anonymous and get-only, such as "read-only,
// anonymous".
//
// # What clients are told
//
// [Middleware.StatusHandler] tells what is in force as JSON, and by server-sent
// events whenever that changes. [BannerHandler] serves a small script that shows
// it as a banner on open pages, so that nobody writes for an hour into a form
// that has closed meanwhile:
//
//	mux.Handle("GET /status", mode.StatusHandler())
//	mux.Handle("GET /banner.js", httpmode.BannerHandler())
//
//	<script src="/banner.js" data-status="/status" defer></script>
//
// A planned mode is announced before it is on, by a hold that asks for nothing
// yet. The banner tells when the mode will begin; requests are left alone:
//
//	guard.Hold("migration", sqlguard.Change{Announced: begin, Until: end, Message: "We move to a new host."})
//
// Pages that are rendered on the server say the same by [Middleware.Info], and by
// [FromContext] what became of their own request.
//
// # What operators are told
//
// While a mode is on, the statements of a request are reported under its route
// ([sqlguard.WithRoute]): the method and the pattern, never the path. See
// [Config].Route. The report of observe mode is at the status endpoint, if
// [Config].StatusDetails is set.
//
// # Smoke tests
//
// Before writing is opened for everybody, somebody should try whether it works.
// With Config.BypassKey set, a request with a token of [SignBypass] is served as
// with the mode off:
//
//	curl -H "Quiesce-Bypass: $TOKEN" -d text=hello https://example.com/comments
//
// A person's browser takes it as a cookie ([NewBypassCookie]). Whoever has the
// token may write until it ends: give it the shortest life that does, and keep it
// out of URLs. A single token cannot be taken back; another key ends them all. To
// a shared cache such requests are ordinary ones, and their answers as cacheable
// as the handler makes them.
//
// # Where it belongs
//
// Put the middleware outside of sessions, sign-in, CSRF protection, body parsing
// and method overrides, because it takes from the request what they read, and
// from the answer what they add. Put recovery from panics inside of it.
//
// Put CORS outside of it, so that scripts of other origins can read the refusal;
// they see the headers Retry-After and Quiesce-Mode only if
// Access-Control-Expose-Headers has them.
//
// Put it around the router, too, and not among the router's own middleware:
// gorilla/mux, echo and gin look for the handler by the method that was sent, so
// that a form that get-only mode has made a GET would still reach the handler of
// the POST. (The driver refuses what that writes.) echo also answers an error
// only after its middleware has returned, when nothing can be mapped any more.
// chi is as good either way.
//
// Compression may be on either side. So may [http.TimeoutHandler], but around the
// middleware it hides the server's writer: set a ReadTimeout then.
//
// # Sessions
//
// A session store in the guarded database works as long as pages that only read
// do not write to it. Some stores are written with every request: those of scs
// with an IdleTimeout, and whatever notes when somebody was last seen. In
// read-only mode that write is refused, and so is every page to whoever is logged
// in. Observe mode finds it beforehand ([sqlguard.GroupReadRoute], and
// [sqlguard.GroupNoContext] for a store without contexts, such as most of scs's),
// and in read-only mode [sqlguard.NewSlogObserver] names the table and says what
// to do, which is one of these:
//
//   - Name the session table in a Skip rule. Pages stay as they are, and idle
//     sessions end when they would have ended without those visits: give them an
//     IdleTimeout longer than the mode. Log in must not be among Config.Reads
//     then, because it would replace a good cookie by one of a session that was
//     not saved.
//   - Keep sessions elsewhere: in memory, in the cookie, or in a database that is
//     not moved.
//   - Turn anonymous mode on. Who is a guest has no session to write.
//
// The Skip rule is this one, in the [sqlguard.Policy]:
//
//	sqlguard.Rule{Tables: []string{"sessions"}, Action: sqlguard.Skip}
//
// A store without contexts cannot tell the middleware that it was refused. Let
// the session manager's error handler ask [Middleware.WriteError] first, and the
// page is at least the maintenance answer:
//
//	sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
//		if !mode.WriteError(w, r, err) {
//			http.Error(w, http.StatusText(500), 500)
//		}
//	}
//
// Forms that were opened before anonymous mode work afterwards in any case. For
// those that are loaded meanwhile, the cookie of their CSRF token has to be in
// Config.KeepCookies ("_gorilla_csrf", "csrf_token"); [http.CrossOriginProtection]
// needs none. A form that get-only mode makes a GET is not checked for forgery,
// because nothing is left of it.
//
// # What it does not see
//
// It cannot see what is written to a hijacked connection, and old web sockets
// outlive a flip: only the driver sees their writes. A request that began with
// the mode off is not looked at again; a write of it that is refused is answered
// by the handler itself, for which there is [Middleware.WriteError].
package httpmode
