package httpmode

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Where a request carries the token of [SignBypass]: in a header, for programs, or
// in a cookie, for a person's browser. It is never taken from a URL: URLs are kept in
// logs and histories, and sent on to other sites.
const (
	HeaderBypass = "Quiesce-Bypass"
	CookieBypass = "__Host-Quiesce-Bypass"
)

const (
	minBypassKey    = 32 // bytes: as much as the MAC has (RFC 2104, 3)
	maxBypass       = 7 * 24 * time.Hour
	maxBypassReason = 200 // bytes
)

// SignBypass returns a token with which requests write although the mode is
// read-only: for smoke tests, before everybody else is let in again. It is good until the
// given time, at most a week ahead, for every site whose Config.BypassKey is key. The reason is reported with
// every statement that it lets through ([sqlguard.WithBypass]). Anybody can read it in the token.
//
// Send it in the header [HeaderBypass], or in the cookie that [NewBypassCookie] makes.
func SignBypass(key []byte, reason string, until time.Time) (string, error) {
	if err := checkBypassKey(key); err != nil {
		return "", fmt.Errorf("httpmode: the key of a bypass %w", err)
	}
	switch reason = strings.TrimSpace(reason); {
	case reason == "":
		return "", errors.New("httpmode: a bypass must have a reason")
	case len(reason) > maxBypassReason:
		return "", fmt.Errorf("httpmode: the reason of a bypass must be at most %d bytes, not %d", maxBypassReason, len(reason))
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", errors.New("httpmode: the reason of a bypass must be printable text")
	}
	if left := time.Until(until); left <= 0 || left > maxBypass {
		return "", fmt.Errorf("httpmode: a bypass must end within %s from now", maxBypass)
	}
	text := binary.BigEndian.AppendUint64(nil, uint64(until.Unix()))
	text = append(text, reason...)
	return tokenEncoding.EncodeToString(append(text, bypassMAC(key, text)...)), nil
}

// NewBypassCookie returns the cookie that carries a token of [SignBypass], for a
// handler of yours that only operators reach. Scripts cannot read it, no other site can have it sent,
// and it goes to this host alone, by TLS. It lives as long as the browser's session; the token
// ends by itself.
func NewBypassCookie(token string) *http.Cookie {
	return &http.Cookie{
		Name: CookieBypass, Value: token, Path: "/",
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

func checkBypassKey(key []byte) error {
	if len(key) < minBypassKey {
		return fmt.Errorf("must be at least %d random bytes, not %d", minBypassKey, len(key))
	}
	return nil
}

// tokenEncoding has no second spelling of the same token.
var tokenEncoding = base64.RawURLEncoding.Strict()

// bypassMAC authenticates the text of a token. What else the key may be used for, it is not this.
func bypassMAC(key, text []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("quiesce httpmode bypass 1\x00"))
	mac.Write(text)
	return mac.Sum(nil)
}

// bypass knows the tokens of one key. Without a key there are none.
type bypass struct{ key []byte }

// verify returns the reason in a token, or "" if it is not good.
func (b bypass) verify(token string, now time.Time) string {
	blob, err := tokenEncoding.DecodeString(token)
	if err != nil || len(blob) < 8+sha256.Size {
		return ""
	}
	text, mac := blob[:len(blob)-sha256.Size], blob[len(blob)-sha256.Size:]
	if !hmac.Equal(mac, bypassMAC(b.key, text)) {
		return ""
	}
	if until := time.Unix(int64(binary.BigEndian.Uint64(text)), 0); !now.Before(until) {
		return ""
	}
	return string(text[8:])
}

// maxTokens is how many tokens of one request are looked at.
const maxTokens = 4

// reason returns the reason of the first good token of a request, or "".
func (b bypass) reason(h http.Header, now time.Time) string {
	for i, token := range b.tokens(h) {
		if i == maxTokens {
			break
		}
		if reason := b.verify(token, now); reason != "" {
			return reason
		}
	}
	return ""
}

// tokens returns what a request has in the places of a token.
func (b bypass) tokens(h http.Header) []string {
	if b.key == nil {
		return nil
	}
	tokens := h[HeaderBypass]
	for _, line := range h["Cookie"] {
		if !strings.Contains(line, CookieBypass) {
			continue
		}
		for name, pair := range cookiePairs(line) {
			if name == CookieBypass {
				_, value, _ := strings.Cut(pair, "=")
				tokens = append(tokens[:len(tokens):len(tokens)], value)
			}
		}
	}
	return tokens
}

// strip removes tokens, good or not, from a header map: no handler should know one,
// or have it in its logs. The map must be the caller's own.
func (b bypass) strip(h http.Header) {
	delete(h, HeaderBypass)
	cookies, dropped := filterCookies(h["Cookie"], func(name string) bool { return name != CookieBypass })
	switch {
	case !dropped:
	case len(cookies) == 0:
		delete(h, "Cookie")
	default:
		h["Cookie"] = cookies
	}
}

// serveBypassed serves a request with a good token as with the mode off; only the
// header tells of the mode.
func (m *Middleware) serveBypassed(w http.ResponseWriter, r *http.Request, next http.Handler, mux *http.ServeMux, s sqlguard.State, reason string) {
	m.counts.bypassed.Add(1)
	newInfo(s).mark(w.Header())
	x := &exchange{m: m, w: w, original: r, bypassed: true, mux: mux}
	x.Context = sqlguard.WithBypass(r.Context(), reason)
	inner := r.WithContext(x)
	inner.Header = r.Header.Clone()
	m.bypass.strip(inner.Header)
	x.findRoute(inner)
	defer handBack(r, inner)
	next.ServeHTTP(w, inner)
}
