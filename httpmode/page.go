package httpmode

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Page is what the page's template is executed with. It holds nothing that is
// not for the public; as texts they are escaped where html/template puts them.
type Page struct {
	// Info is what is in force. Its Message is the operators' own words, in
	// whatever language they write.
	Info
	// Cause is why the page is shown; Sent reports that something was sent, rather
	// than asked for.
	Cause Cause
	Sent  bool

	// Lang is the page's language (BCP 47), and Texts are its texts.
	Lang  string
	Texts Texts

	// Form is what the visitor typed. A template should show the fields that are
	// visible, to be copied; and where the form can be sent again, post all of its fields, in order, without an
	// action, so that they go to the page's own URL:
	//
	//	{{if .Form.SendAgain}}
	//	<form method="post"{{if .Form.Multipart}} enctype="multipart/form-data"{{end}}>
	//	{{range .Form.Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">{{end}}
	//	<button>{{.Texts.SendAgain}}</button>
	//	</form>
	//	{{end}}
	Form Form

	// SiteName and StatusURL are those of the [Config]; they may be empty.
	SiteName, StatusURL string

	// RetryAfter is what the answer's header of that name says: seconds, zero if it is absent.
	RetryAfter int
	// Now is the time of the answer.
	Now time.Time
}

// Code is the stable code of every maintenance answer, for programs.
const Code = "read_only_mode"

// Code returns [Code].
func (p Page) Code() string { return Code }

// Notice returns what the page says first.
func (p Page) Notice() Notice {
	switch {
	case p.Cause == CauseSignIn:
		return p.Texts.SignIn
	case p.Sent:
		return p.Texts.Sent
	}
	return p.Texts.Page
}

// Advice returns what the visitor can do, in paragraphs. For a form it says where
// what was typed is, rather than the Notice's advice; to somebody who was sent away as a guest,
// it says both.
func (p Page) Advice() []string {
	form := ""
	switch {
	case p.Form.SendAgain:
		form = p.Texts.Resend
	case p.Form.Incomplete:
		form = p.Texts.GoBack
	}
	switch {
	case form == "":
		return []string{p.Notice().Advice}
	case p.Cause == CauseSignIn:
		return []string{p.Notice().Advice, form}
	}
	return []string{form}
}

// Ends reports whether an end is known, and still ahead.
func (p Page) Ends() bool { return p.Until.After(p.Now) }

// Overdue reports whether an end was known, and has passed.
func (p Page) Overdue() bool { return !p.Until.IsZero() && !p.Ends() }

// Soon returns how long it is until the end in words; empty if that is not known
// or more than two hours.
func (p Page) Soon() string {
	left := p.Until.Sub(p.Now)
	if !p.Ends() || left > 2*time.Hour {
		return ""
	}
	minutes := int((left + time.Minute - 1) / time.Minute)
	return strings.ReplaceAll(p.Texts.Minutes, "{minutes}", strconv.Itoa(minutes))
}

// Machine returns a time for the datetime attribute (HTML, 4.5.14).
func (p Page) Machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Human returns a time as people write it in the page's language, in UTC: where the
// visitor is, only a script could know.
func (p Page) Human(t time.Time) string { return p.Texts.time(t.UTC()) }

//go:embed page.html
var pageText string

// builtinPage is the page, and what its Content-Security-Policy must allow.
var builtinPage = template.Must(template.New("page.html").Parse(pageText))

// pagePolicy lets the page's own style through, by its hash (CSP 3, 2.3.1), and
// nothing else: it needs no other file, and no script. It has no form-action: browsers hold
// the redirect after a form to that as well, and would keep who sends a form again from a
// payment or a sign-in on another host, when it is saved already.
var pagePolicy = func() string {
	_, rest, _ := strings.Cut(pageText, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; base-uri 'none'; "
}()

// frameAncestors says who may have the page in a frame: who may have the site's own pages,
// by the header as it stands. A site that is shown in others' frames would else show nothing to
// who sends a form there. If the header does not say, it is the site itself. Of several
// policies each holds (CSP 3, 4.2.1).
func frameAncestors(h http.Header) string {
	var found []string
	for _, policies := range h["Content-Security-Policy"] {
		for directive := range strings.FieldsFuncSeq(policies, func(r rune) bool { return r == ';' || r == ',' }) {
			directive = strings.TrimSpace(directive)
			if name, _, _ := strings.Cut(directive, " "); strings.EqualFold(name, "frame-ancestors") {
				found = append(found, directive)
			}
		}
	}
	if len(found) == 0 {
		return "frame-ancestors 'self'"
	}
	return strings.Join(found, ", ")
}
