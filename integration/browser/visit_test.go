package browser

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

const (
	typed    = "Lovely evening, <b>thank you</b> & goodnight"
	shown    = "main form textarea, main form input:not([type=hidden])"
	resend   = "main form button"
	readOnly = "This can’t be saved right now"
)

// logIn has a new visitor log in as ada, by the form.
func logIn(t *testing.T, s *site) *tab {
	t.Helper()
	b := newTab(t)
	b.open(s.URL)
	b.write("[name=name]", "ada")
	b.press("#log-in")
	b.sees("#name", "ada")
	return b
}

func TestWhatWasTypedIsOnTheKindPageAndCanBeSentAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reads []string
	}{
		{"refused before the handler", nil},
		{"refused by the database", []string{"POST /comments"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, tt.reads...)
			b := logIn(t, s)
			b.write("[name=comment]", typed)
			s.flip(t, closed())
			refused := b.press("#send")
			if refused.Status != 503 || refused.MimeType != "text/html" {
				t.Errorf("the answer is %d, %s; want 503, text/html", refused.Status, refused.MimeType)
			}
			b.sees("h1", readOnly)
			b.sees(".words", "We are moving to a new database.")
			if got := run[string](b, `Array.from(document.querySelectorAll("`+shown+`"), e => e.value).join()`); got != typed {
				t.Errorf("the page gives back %q, want %q", got, typed)
			}
			if again := b.press(resend); again.Status != 503 {
				t.Errorf("sent again too early, the answer is %d", again.Status)
			}
			s.flip(t, sqlguard.Change{})
			if again := b.press(resend); again.Status != 200 {
				t.Errorf("sent again, the answer is %d", again.Status)
			}
			b.sees("li", typed)
			b.sees("#name", "ada")
		})
	}
}

// A form may lead elsewhere: to who takes the payment, or knows who the visitor is. Browsers
// hold the redirect, too, to the policy of the page with the button.
func TestAFormThatIsSentAgainMayLeadToAnotherSite(t *testing.T) {
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<h1>Pay here</h1>")
	}))
	t.Cleanup(elsewhere.Close)
	s := newSite(t)
	s.after = elsewhere.URL
	b := logIn(t, s)
	b.write("[name=comment]", typed)
	s.flip(t, closed())
	b.press("#send")
	s.flip(t, sqlguard.Change{})
	b.press(resend)
	b.sees("h1", "Pay here")
}

func TestNobodyIsLoggedOutByAnonymousMode(t *testing.T) {
	s := newSite(t)
	b := logIn(t, s)
	session := b.cookie(sessionCookie)
	if session == "" {
		t.Fatal("there is no session to lose")
	}
	s.flip(t, sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true})
	b.open(s.URL)
	b.sees("#name")
	b.sees("#log-in", "Log in")
	b.write("[name=name]", "grace")
	if got := b.press("#log-in"); got.Status != 503 {
		t.Errorf("who logs in is answered %d, want 503", got.Status)
	}
	b.sees("h1", "Signing in is paused right now")
	if got := b.cookie(sessionCookie); got != session {
		t.Errorf("meanwhile the session is %q, want %q", got, session)
	}
	s.flip(t, sqlguard.Change{})
	b.open(s.URL)
	b.sees("#name", "ada")
	if got := b.cookie(sessionCookie); got != session {
		t.Errorf("afterwards the session is %q, want %q", got, session)
	}
}

func TestGetOnlyShowsThePageWithANoticeAndWhatWasTyped(t *testing.T) {
	s := newSite(t)
	b := logIn(t, s)
	b.write("[name=comment]", typed)
	s.flip(t, sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true})
	if got := b.press("#send"); got.Status != 200 {
		t.Errorf("the answer is %d, want 200", got.Status)
	}
	b.sees("h1", "Guest book")
	b.sees("#notice", "Nothing was saved: the site is read-only.")
	b.sees("#name", "ada")
	b.sees("li")
	if got := run[string](b, `document.querySelector("[name=comment]").value`); got != typed {
		t.Errorf("the form has %q, want %q", got, typed)
	}
	s.flip(t, sqlguard.Change{})
	b.press("#send")
	b.sees("#notice")
	b.sees("li", typed)
}
