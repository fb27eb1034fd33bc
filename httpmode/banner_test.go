package httpmode_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
)

func TestBannerScriptIsSmallAndServedAsOne(t *testing.T) {
	s := serve(t, httpmode.BannerHandler())
	got := s.do(t, "GET", "/banner.js", "")
	if got.status != 200 || len(got.body) < 500 || len(got.body) >= 2048 {
		t.Errorf("%d, %d bytes; want 200, and less than 2 KiB", got.status, len(got.body))
	}
	for name, want := range map[string]string{
		"Content-Type": "text/javascript; charset=utf-8", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "public, max-age=300",
	} {
		if value := got.header.Get(name); value != want {
			t.Errorf("%s: %q, want %q", name, value, want)
		}
	}
	hash := sha256.Sum256([]byte(got.body))
	if want := "sha256-" + base64.StdEncoding.EncodeToString(hash[:]); httpmode.BannerIntegrity() != want {
		t.Errorf("BannerIntegrity is %s, want %s", httpmode.BannerIntegrity(), want)
	}
	again := s.do(t, "GET", "/banner.js", "", "If-None-Match: "+got.header.Get("ETag"))
	if again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("who has it gets %d and %d bytes", again.status, len(again.body))
	}
	if head := s.do(t, "HEAD", "/banner.js", ""); head.status != 200 || head.body != "" {
		t.Errorf("HEAD: %d %q", head.status, head.body)
	}
	if post := s.do(t, "POST", "/banner.js", ""); post.status != http.StatusMethodNotAllowed || post.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", post.status, post.header)
	}
}

// A message is text: nothing in the script makes HTML, code or style attributes of one.
func TestBannerScriptHasNoDoorForHTML(t *testing.T) {
	body := serve(t, httpmode.BannerHandler()).do(t, "GET", "/", "").body
	for _, door := range []string{
		"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(",
		"setAttribute('style'", "position:", "createContextualFragment",
	} {
		if strings.Contains(body, door) {
			t.Errorf("the script has %q", door)
		}
	}
}
