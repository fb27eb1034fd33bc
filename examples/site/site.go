package main

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

//go:embed style.css favicon.svg
var assets embed.FS

// site is the application. What Quiesce adds to it is in three places: the pool
// (database.go), the middleware (newSite) and the control panel (control.go).
type site struct {
	store    store
	sessions sessions
	modes    *httpmode.Middleware
	log      *slog.Logger
}

// modesConfig says what the middleware cannot see by itself.
func modesConfig(guard *sqlguard.Guard, bypassKey []byte) httpmode.Config {
	return httpmode.Config{
		Guard:    guard,
		SiteName: "Stillwater",
		// Logging in and out sets a cookie and writes nothing that matters, so both
		// work while the site is read-only. In anonymous mode they are paused.
		Reads:      []string{"POST /login", "POST /logout"},
		LoginPaths: []string{"/login", "/logout"},
		// The off switch, and what load balancers ask, work in every mode.
		Exempt: []string{controlPath, controlPath + "/", "/healthz"},
		// Smoke tests write before visitors do, with a token of the control panel.
		BypassKey: bypassKey,
	}
}

// newSite returns the whole site, ready to serve.
func newSite(ctx context.Context, data store, guard *sqlguard.Guard, token string, log *slog.Logger) (http.Handler, error) {
	sessions, err := loadSessions(ctx, data.db)
	if err != nil {
		return nil, err
	}
	bypassKey := make([]byte, 32) // a restart ends all tokens that are signed with it
	rand.Read(bypassKey)          // never fails, by its documentation
	modes, err := httpmode.New(modesConfig(guard, bypassKey))
	if err != nil {
		return nil, err
	}
	s := &site{store: data, sessions: sessions, modes: modes, log: log}
	mux := http.NewServeMux()
	s.routes(mux)
	newControl(guard, token, bypassKey, log).routes(mux)
	mux.Handle("/status", modes.StatusHandler())
	mux.Handle("GET /banner.js", httpmode.BannerHandler())
	// Forms of other sites are refused first of all: get-only mode makes page
	// views of forms, and page views come from anywhere.
	return http.NewCrossOriginProtection().Handler(secure(modes.Handler(mux))), nil
}

func (s *site) routes(mux *http.ServeMux) {
	mux.Handle("GET /{$}", s.handler(s.showTalks))
	mux.Handle("GET /talks/{id}", s.handler(s.showTalk))
	mux.Handle("POST /talks/{id}", s.handler(s.addComment))
	mux.Handle("POST /talks/{id}/star", s.handler(s.starTalk))
	mux.Handle("GET /propose", s.handler(s.showProposal))
	mux.Handle("POST /propose", s.handler(s.addProposal))
	mux.Handle("GET /login", s.handler(s.showLogin))
	mux.Handle("POST /login", s.handler(s.logIn))
	mux.Handle("POST /logout", s.handler(s.logOut))
	mux.Handle("GET /style.css", asset("style.css"))
	mux.Handle("GET /favicon.svg", asset("favicon.svg"))
	mux.Handle("GET /healthz", http.HandlerFunc(healthy))
	mux.Handle("/", s.handler(func(http.ResponseWriter, *http.Request) error { return errNotFound }))
}

// asset serves one embedded file.
func asset(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, r, assets, name)
	})
}

// healthy says that the process serves. A load balancer that took a read-only
// site for a broken one would take it away from its readers, so no mode changes
// this answer.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, "ok\n")
}

// secure sets the headers that keep a page to itself: it loads nothing from
// elsewhere and is shown in no frame. Its one script is banner.js, which asks /status.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy",
			"default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// maxForm bounds what a form may send.
const maxForm = 64 << 10

// handler makes a handler of a function that returns what went wrong.
func (s *site) handler(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		var tooLarge *http.MaxBytesError
		switch err := f(w, r); {
		case err == nil:
		case errors.Is(err, errNotFound):
			s.problem(w, r, http.StatusNotFound, "Not found", "There is no such page.")
		case errors.As(err, &tooLarge):
			s.problem(w, r, http.StatusRequestEntityTooLarge, "Too long", "That is more text than a form may send. Go back to shorten it.")
		case errors.Is(err, errMalformed):
			s.problem(w, r, http.StatusBadRequest, "Not understood", "The form did not arrive as one. Go back and try again.")
		case s.modes.WriteError(w, r, err): // a refused write is answered
		default:
			s.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
			s.problem(w, r, http.StatusInternalServerError, "Something went wrong", "The error has been logged. Try again in a moment.")
		}
	})
}
