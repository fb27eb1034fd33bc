package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
	"time"
)

// How the control panel knows an operator: by the token that was printed at
// start, and not by the site's own log in, which a mode may close. A browser sends the
// token once and gets a cookie for a quarter of an hour; a script sends it with
// each request, as "Authorization: Bearer".

const (
	controlCookie = "control"
	controlLength = 15 * time.Minute
)

// entry is the door of the control panel.
type entry struct {
	token    [sha256.Size]byte // hashed, so that comparing takes the same time for every length
	cookies  signer
	forms    signer
	throttle throttle
}

// newEntry makes a door with a key of its own: a restart ends all its cookies.
func newEntry(token string) *entry {
	key := make([]byte, 32)
	rand.Read(key) // never fails, by its documentation
	return &entry{
		token:   sha256.Sum256([]byte(token)),
		cookies: signer{key: key, purpose: "control cookie"},
		forms:   signer{key: key, purpose: "control form"},
	}
}

// visit is what a request proves of who sends it.
type visit struct {
	allowed bool
	wait    time.Duration // if not zero, too many tokens were wrong
	form    string        // the token that forms must carry; empty where a bearer needs none
}

// admit looks at the cookie, or the Authorization header, of a request.
func (e *entry) admit(r *http.Request) visit {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		// No browser adds this header for another site's form, so there is no form
		// token to ask for.
		ok, wait := e.checkToken(r, strings.TrimSpace(token))
		return visit{allowed: ok, wait: wait}
	}
	cookie, err := r.Cookie(controlCookie)
	if err != nil {
		return visit{}
	}
	id, ok := e.cookies.verify(cookie.Value, time.Now())
	if !ok {
		return visit{}
	}
	return visit{allowed: true, form: e.forms.mac(id)}
}

// admitForm is admit for a request that changes something: it must carry the
// form token too. The form must have been parsed.
func (e *entry) admitForm(r *http.Request) visit {
	v := e.admit(r)
	if v.allowed && v.form != "" &&
		subtle.ConstantTimeCompare([]byte(v.form), []byte(r.PostForm.Get("form"))) != 1 {
		return visit{}
	}
	return v
}

func (e *entry) checkToken(r *http.Request, token string) (ok bool, wait time.Duration) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	return e.throttle.try(address, time.Now(), func() bool {
		sum := sha256.Sum256([]byte(token))
		return subtle.ConstantTimeCompare(sum[:], e.token[:]) == 1
	})
}

// begin lets an operator in for a while.
func (e *entry) begin(w http.ResponseWriter, r *http.Request) {
	e.setCookie(w, r, e.cookies.sign(rand.Text(), time.Now().Add(controlLength)), int(controlLength.Seconds()))
}

// end shows an operator out.
func (e *entry) end(w http.ResponseWriter, r *http.Request) { e.setCookie(w, r, "", -1) }

func (e *entry) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: controlCookie, Value: value, Path: "/control", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil, // plain HTTP on loopback would lose a Secure cookie
	})
}
