package httpmode

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Config configures a [Middleware]. The zero Config is right for a site whose
// methods mean what they say, and whose visitors are known by cookies or the
// usual headers.
//
// Routes are patterns of [http.ServeMux], matched as it matches them: "POST
// /search", "GET /verify/{token}", "/assets/", "static.example.com/". Where
// several match, the most specific one decides, across Reads, Writes, Exempt and
// GraphQL. A path that its escapes make another, such as "/panel/%2e%2e/orders", is
// Reads, Exempt or GraphQL only if both are.
type Config struct {
	// Guard is the switch. If nil, [sqlguard.Default].
	Guard *sqlguard.Guard

	// Reads are routes that only read although their method does not say so: a
	// search by POST, a log in that writes nothing. They reach the handler in
	// every mode, with method and body as they are, and the driver decides. A pattern without
	// a method is for every method.
	Reads []string
	// Writes are routes that write although their method does not say so: a
	// verification link, an OAuth callback. They are refused before the handler runs.
	// A pattern for GET is for HEAD too, and one without a method for every method.
	Writes []string
	// Exempt are routes that are left alone in every mode: health checks, the
	// control panel. What they write, the driver still refuses.
	Exempt []string

	// GraphQL are the routes of GraphQL servers: "/graphql". They reach the handler
	// in every mode, as Reads do, and the driver decides; but a request that asks for a mutation
	// is refused early while writing is closed, so that no resolver has begun to act. What
	// cannot be understood, or has more than 1 MiB, is for the driver alone. All their maintenance answers are GraphQL errors.
	GraphQL []string

	// LoginPaths are the pages where people log in or out, as patterns without a
	// method: "/login", "sso.example.com/". In anonymous mode a redirect to one of them,
	// of a request whose credentials were removed, becomes the maintenance answer,
	// and so does a form sent to one, because nobody could be logged in.
	LoginPaths []string

	// KeepCookies are the names of cookies that anonymous mode lets through, both
	// ways: CSRF token, locale, consent. All others carry identity until proven
	// otherwise. Keep the CSRF cookie, or a form loaded meanwhile fails afterwards.
	KeepCookies []string
	// Credentials are request headers that carry identity, beside the well-known
	// ones, which anonymous mode removes. A trailing "*" stands for any ending:
	// "X-Acme-User-*". Neither case nor underscores for hyphens make another name.
	Credentials []string
	// CredentialParams are the names of query parameters that carry identity, such as
	// "access_token", which anonymous mode removes from the URL. The case of their letters counts. None are removed
	// otherwise. Values in a body stay.
	CredentialParams []string
	// Anonymize is called in anonymous mode with each request, after its
	// credentials are removed, and returns the request that the handler gets. Use
	// it to remove identity that only the application knows of: values that outer
	// middleware put into the context. It must not change the
	// request's URL or maps in place. If it returns another request than it was given, that
	// counts as credentials removed: where there is nothing to remove it should return the one that
	// it was given, so that caches may keep the answer. If it returns nil, the request is refused.
	Anonymize func(*http.Request) *http.Request

	// Route returns the pattern of the route that a request will be handled by, for the
	// guard's reports: "/orders/{id}", never its path. It is called while a mode is
	// on, before the handler, and must not change the request. If nil, or if it returns
	// "", the pattern is the one of the [http.ServeMux] that [Middleware.Handler] was given. If
	// there is other middleware in between, ask the router here:
	//
	//	Route: func(r *http.Request) string { _, pattern := mux.Handler(r); return pattern },
	Route func(*http.Request) string

	// GetOnly says what get-only mode does to form posts. If zero, [Rewrite].
	GetOnly GetOnlyStyle

	// BypassKey signs the tokens with which smoke tests write while writing is closed
	// ([SignBypass]): at least 32 random bytes that no other site has. If nil, there is no such way.
	//
	// A good token in the header [HeaderBypass], or the cookie [CookieBypass], is removed from the
	// request, which is otherwise left alone, as with the mode off: its context has
	// [sqlguard.WithBypass], and only the header of the mode is added to the answer. Any other token is removed
	// too, without a word, and the request is treated like any. With the mode off tokens are not looked
	// at, and reach the handler.
	BypassKey []byte

	// MapFrom is the lowest status that becomes the maintenance answer when a
	// write was refused. If zero, 500.
	MapFrom int

	// SecretFields are names of form fields that a visitor would not want to see on a
	// screen, beside the well-known ones (password, token, card, pin, ...): the page that gives a refused
	// form back leaves them out, and says to go back to the form. The case of letters, and what stands
	// between words, does not count. A name of five or more letters and digits is looked for anywhere in a field's
	// name, a shorter one among its words: "iban" is in "user[iban]" and "userIban", not in "caliban".
	SecretFields []string

	// SiteName is shown on the page. If empty, none is.
	SiteName string
	// StatusURL is linked on the page: an http or https URL, or a path of the site.
	// If empty, there is no link.
	StatusURL string
	// Texts are what the answers say, by language. Arabic, Chinese (Simplified), English,
	// French, German, Japanese, Portuguese and Spanish are built in; these add to them or replace them. Empty fields of
	// a language that is built in keep its text.
	Texts map[language.Tag]Texts
	// Template is the page, executed with a [Page]. If nil, the built-in one. The
	// built-in page brings its own Content-Security-Policy, with what the site's says of
	// frame-ancestors; for another template the site's own applies. What the visitor typed is in the page's Form: show it, or it may be lost.
	Template *template.Template
	// ProblemType is the URI that says what kind of problem it is (RFC 9457,
	// 3.1.1). If empty, "about:blank".
	ProblemType string

	// StatusDetails adds to the status endpoint who holds the mode, the reason,
	// and the guard's counts, and has it answer with the report of observe mode. They
	// are for operators: set it only where the endpoint is not public.
	StatusDetails bool
	// StatusStreams is how many clients at most the status endpoint tells of every
	// change as it happens; each of them is an open connection, or a stream of one. If zero,
	// 10,000; if negative, none.
	StatusStreams int
}

// mapFrom returns the lowest status that is mapped.
func (c Config) mapFrom() int {
	if c.MapFrom == 0 {
		return http.StatusInternalServerError
	}
	return c.MapFrom
}

// statusStreams returns how many event streams there may be at a time.
func (c Config) statusStreams() int64 {
	if c.StatusStreams == 0 {
		return 10_000
	}
	return int64(max(c.StatusStreams, 0))
}

func (c Config) problemType() string {
	if c.ProblemType == "" {
		return "about:blank"
	}
	return c.ProblemType
}

// check reports what is wrong with the fields that nothing is built from.
func (c Config) check() error {
	if c.MapFrom != 0 && (c.MapFrom < 400 || c.MapFrom > 599) {
		return fmt.Errorf("Config.MapFrom must be an error status, 400 to 599, not %d", c.MapFrom)
	}
	if c.BypassKey != nil {
		if err := checkBypassKey(c.BypassKey); err != nil {
			return fmt.Errorf("Config.BypassKey %w", err)
		}
	}
	if c.GetOnly > RewriteAll {
		return fmt.Errorf("Config.GetOnly must be Rewrite, SeeOther or RewriteAll, not %d", c.GetOnly)
	}
	if i := slices.Index(c.CredentialParams, ""); i >= 0 {
		return fmt.Errorf("Config.CredentialParams[%d] must not be empty", i)
	}
	for i, name := range c.KeepCookies {
		if !isToken(name) {
			return fmt.Errorf("Config.KeepCookies[%d]: %q is not the name of a cookie", i, name)
		}
	}
	for i, name := range c.Credentials {
		if !isToken(strings.TrimSuffix(name, "*")) {
			return fmt.Errorf("Config.Credentials[%d]: %q is not the name of a header; expected a name, or the beginning of one and a *", i, name)
		}
	}
	if err := checkSecretFields(c.SecretFields); err != nil {
		return err
	}
	if err := checkLink(c.StatusURL); err != nil {
		return fmt.Errorf("Config.StatusURL %w", err)
	}
	if u, err := url.Parse(c.ProblemType); err != nil || c.ProblemType != "" && !u.IsAbs() {
		return fmt.Errorf("Config.ProblemType must be an absolute URI, not %q", c.ProblemType)
	}
	return nil
}

// checkLink reports what is wrong with a link that a page shows.
func checkLink(link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return fmt.Errorf("must be a URL, not %q", link)
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		return nil
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return nil
	}
	return fmt.Errorf("must be an http or https URL, or a path that begins with a slash, not %q", link)
}

// isToken reports whether s is a token (RFC 9110, 5.6.2), without the "*" that
// patterns use.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}*", c) >= 0 {
			return false
		}
	}
	return s != ""
}

// errNilHandler is what Handler panics with.
var errNilHandler = errors.New("httpmode: Handler: next must not be nil")
