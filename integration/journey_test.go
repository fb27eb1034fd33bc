package integration

import (
	"net/http"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
)

// journey is what a visitor does before, during and after each mode. Nothing of it may
// depend on what a site is built with.
func (s stack) journey(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(s.name+" by "+name, func(t *testing.T) {
			site := s.serve(t, http2)
			site.journey(t)
		})
	}
}

func (s *site) journey(t *testing.T) {
	s.get(t, "/").wants(t, "a guest", 200, "Hello, guest")
	s.logIn(t)
	opened := s.get(t, "/comments")
	first := s.post(t, "/comments", opened.form(), "one")
	first.wants(t, "with the mode off", 200, "saved")
	if mode, on := first.Header[http.CanonicalHeaderKey(httpmode.HeaderMode)]; on {
		t.Errorf("with the mode off the answer says that it is %v", mode)
	}
	before := s.cookies(t)

	s.flip(t, readOnly)
	s.get(t, "/").wants(t, "a page in read-only mode", 200, "Hello, ada")
	refused := s.post(t, "/comments", opened.form(), "two")
	refused.wantsKindness(t, "a form in read-only mode", httpmode.CauseWrite)
	refused.wants(t, "what was typed", 503, `value="two"`)
	s.get(t, "/visit").wantsKindness(t, "a page that writes", httpmode.CauseWrite)
	s.post(t, "/search", opened.form(), "x").wantsKindness(t, "a route that is said to read, and writes", httpmode.CauseWrite)
	s.api(t)

	s.flip(t, anonymous)
	s.wantsGuest(t)
	s.post(t, "/comments", opened.form(), "x").wantsKindness(t, "a form in anonymous mode", httpmode.CauseWrite)
	s.get(t, "/visit").wantsKindness(t, "a page that writes in anonymous mode", httpmode.CauseWrite)

	s.flip(t, getOnly)
	converted := s.post(t, "/comments", opened.form(), "x")
	converted.wants(t, "a form in get-only mode", 200, "Nothing was saved.")
	converted.wants(t, "whose form it is", 200, "Hello, ada")
	s.post(t, "/subscribe", opened.form(), "x").wantsKindness(t, "a form without a page", httpmode.CauseWrite)
	s.api(t)

	s.flip(t, off)
	s.get(t, "/").wants(t, "the visitor afterwards", 200, "Hello, ada")
	if after := s.cookies(t); after != before {
		t.Errorf("the cookies were %q, and are %q", before, after)
	}
	s.post(t, "/comments", opened.form(), "three").wants(t, "a form that was opened before", 200, "saved")
	again := refused.form()
	s.post(t, "/comments", again, again.Get("text")).wants(t, "the refused form, sent again", 200, "saved")
	if got, want := s.saved(t), "ada:one,ada:three,ada:two"; got != want {
		t.Errorf("saved is %q, want %q", got, want)
	}
}

// wantsGuest checks what a visitor sees who is logged in, while everybody is a guest.
func (s *site) wantsGuest(t *testing.T) {
	t.Helper()
	page := s.get(t, "/")
	page.wants(t, "a page in anonymous mode", 200, "Hello, guest")
	if got := page.Header.Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("the page for a guest has Cache-Control %q", got)
	}
	s.get(t, "/account").wantsKindness(t, "a page for members", httpmode.CauseSignIn)
	s.do(t, "POST", "/login", "user=eve").wantsKindness(t, "logging in", httpmode.CauseSignIn)
}

// api checks what programs get: no page, and never a success.
func (s *site) api(t *testing.T) {
	t.Helper()
	program := []string{"Accept: */*", "Content-Type: application/json", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}
	for _, method := range []string{"POST", "PUT"} {
		got := s.do(t, method, "/comments", `{"text":"x"}`, program...)
		got.wants(t, method+" of a program", 503, `"code":"read_only_mode"`)
		if kind := got.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/problem+json") {
			t.Errorf("%s of a program: Content-Type is %q", method, kind)
		}
	}
}
