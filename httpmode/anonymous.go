package httpmode

import (
	"encoding/json"
	"iter"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// credentialHeaders carry identity: by RFC 9110, by what API clients send, and
// by what proxies that sign people in, or check their certificates, pass on. A
// trailing "*" stands for any ending.
var credentialHeaders = []string{
	"Authorization", "Proxy-Authorization",
	"X-Api-Key", "X-Api-Token", "X-Api-Secret", "Api-Key", "Apikey", "X-Apikey", "X-Auth-*", "X-Authorization", "X-Access-Token",
	"X-Session-Token", "X-Id-Token", "X-Jwt-Assertion", "X-Goog-Api-Key", "X-Rapidapi-Key", "Private-Token", "X-Vault-Token",
	"Ocp-Apim-Subscription-Key",
	// oauth2-proxy, Authelia, Authentik, Kong, Pomerium, Tailscale, Vouch, and their kin
	"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Roles",
	"X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token", "X-Forwarded-Id-Token", "X-Forwarded-Authorization",
	"X-Userinfo", "X-Remote-User", "X-Remote-Email", "X-Remote-Name",
	"X-Remote-Group", "X-Remote-Groups", "X-Remote-Extra-*", "Remote-User", "Remote-Email", "Remote-Groups", "Remote-Name",
	"X-Webauth-*", "X-Authentik-*", "X-Authenticated-*", "X-Consumer-*", "X-Pomerium-*", "X-Vouch-*", "Tailscale-User-*",
	// the clouds' identity-aware proxies
	"X-Goog-Authenticated-User-*", "X-Goog-Iap-Jwt-Assertion", "X-Serverless-Authorization",
	"X-Apigateway-Api-Userinfo", "X-Endpoint-Api-Userinfo", "X-Amzn-Oidc-*",
	"X-Ms-Client-Principal*", "X-Ms-Token-*", "Cf-Access-*",
	// client certificates (RFC 9440, Envoy, nginx, AWS)
	"Client-Cert", "Client-Cert-Chain", "X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert*",
	"X-Client-Cert*", "X-Client-Dn", "X-Client-Verify", "X-Ssl-Client-*", "Ssl-Client-*", "X-Tls-Client-*", "X-Ssl-Cert*", "X-Arr-Clientcert", "X-Amzn-Mtls-*",
}

// identity knows what carries identity.
type identity struct {
	exact    map[string]bool // canonical header names
	prefixes []string        // beginnings of canonical header names
	keep     []string        // names of cookies
	params   []string        // names of query parameters
}

func newIdentity(cfg Config) identity {
	id := identity{
		exact: make(map[string]bool),
		keep:  slices.Clone(cfg.KeepCookies), params: slices.Clone(cfg.CredentialParams),
	}
	for _, name := range slices.Concat(credentialHeaders, cfg.Credentials) {
		if prefix, isPrefix := strings.CutSuffix(name, "*"); isPrefix {
			id.prefixes = append(id.prefixes, headerName(prefix))
		} else {
			id.exact[headerName(name)] = true
		}
	}
	return id
}

// strip removes identity from a request whose header map and TLS state are not
// yet its own, and reports whether there was any. The caller's maps stay as
// they are.
func (id identity) strip(r *http.Request) bool {
	stripped := false
	header := make(http.Header, len(r.Header))
	for name, values := range r.Header {
		switch {
		case fieldName(name) == "Cookie":
			kept, dropped := filterCookies(values, id.keeps)
			if len(kept) > 0 {
				header[name] = kept
			}
			stripped = stripped || dropped
		case id.carries(name):
			stripped = true
		default:
			header[name] = slices.Clone(values)
		}
	}
	if t := r.TLS; t != nil && (len(t.PeerCertificates) > 0 || len(t.VerifiedChains) > 0) {
		state := *t
		state.PeerCertificates, state.VerifiedChains = nil, nil
		r.TLS = &state
		stripped = true
	}
	if id.stripQuery(r) {
		stripped = true
	}
	if stripped {
		// The client may hold the page that it saw when signed in: asked whether
		// that has changed, the application could answer that it has not.
		header.Del("If-None-Match")
		header.Del("If-Modified-Since")
	}
	r.Header = header
	return stripped
}

// headerName returns the canonical name of a request header. An underscore is as good as a
// hyphen: to CGI and its heirs both names are one.
func headerName(key string) string {
	return textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(key, "_", "-"))
}

// carries reports whether a header carries identity.
func (id identity) carries(name string) bool {
	name = headerName(name)
	return id.exact[name] || slices.ContainsFunc(id.prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// cookiePairs yields the pairs of a Cookie header with their names. The name is
// empty where there is none: some servers take such a pair for a cookie all the same.
func cookiePairs(line string) iter.Seq2[string, string] {
	return func(yield func(name, pair string) bool) {
		for pair := range strings.SplitSeq(line, ";") {
			pair = textproto.TrimString(pair)
			name, _, found := strings.Cut(pair, "=")
			if !found {
				name = ""
			}
			if pair != "" && !yield(textproto.TrimString(name), pair) {
				return
			}
		}
	}
}

// filterCookies returns what stays of Cookie headers, and whether anything was dropped.
func filterCookies(lines []string, keep func(name string) bool) (kept []string, dropped bool) {
	for _, line := range lines {
		var pairs []string
		for name, pair := range cookiePairs(line) {
			if keep(name) {
				pairs = append(pairs, pair)
			} else {
				dropped = true
			}
		}
		if len(pairs) > 0 {
			kept = append(kept, strings.Join(pairs, "; "))
		}
	}
	return kept, dropped
}

// keeps reports whether a cookie is on the keep-list.
func (id identity) keeps(name string) bool { return slices.Contains(id.keep, name) }

// fieldName returns the canonical name of the field that an entry of a header
// map is sent as. Applications write to the map itself where a field is to be spelt as
// in "ETag" or "WWW-Authenticate", and name trailers by a prefix.
func fieldName(key string) string {
	return textproto.CanonicalMIMEHeaderKey(strings.TrimPrefix(key, http.TrailerPrefix))
}

// guardHeader removes from an answer's header what would change who the visitor
// is to the site, or make a client forget it. Deletions of cookies are no exception: they log out.
func (id identity) guardHeader(h http.Header) {
	for key, values := range h {
		switch fieldName(key) {
		case "Clear-Site-Data", "Set-Login", "Www-Authenticate", "Proxy-Authenticate":
			delete(h, key)
		case "Set-Cookie":
			if kept := id.keptSetCookies(values); len(kept) > 0 {
				h[key] = kept
			} else {
				delete(h, key)
			}
		}
	}
}

// keptSetCookies returns what stays of Set-Cookie headers.
func (id identity) keptSetCookies(cookies []string) []string {
	var kept []string
	for _, cookie := range cookies {
		name, _, _ := strings.Cut(cookie, "=")
		if id.keeps(textproto.TrimString(name)) {
			kept = append(kept, cookie)
		}
	}
	return kept
}

// asksSignIn reports whether an answer wants somebody to sign in: a 401, its
// proxy's sibling, or a redirect to a page where people log in, htmx's own included.
func (m *Middleware) asksSignIn(r *http.Request, status int, h http.Header) bool {
	locations := []string{h.Get("Hx-Redirect"), htmxLocation(h)}
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		return true
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		locations = append(locations, h.Get("Location"))
	}
	return slices.ContainsFunc(locations, func(location string) bool {
		target, err := r.URL.Parse(location)
		return location != "" && err == nil && m.logins.matches(target, r.Host)
	})
}

// htmxLocation returns where HX-Location leads: it is a path, or a JSON object with one.
func htmxLocation(h http.Header) string {
	location := h.Get("Hx-Location")
	if strings.HasPrefix(location, "{") {
		var object struct {
			Path string `json:"path"`
		}
		if json.Unmarshal([]byte(location), &object) == nil {
			return object.Path
		}
	}
	return location
}
