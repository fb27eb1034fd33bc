package httpmode

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
	"unicode/utf16"
)

var fragmentTemplate = template.Must(template.New("fragment").Parse(
	`<div class="quiesce-blocked" role="alert" data-code="{{.Code}}" lang="{{.Lang}}" dir="{{.Texts.Dir}}">` +
		`<p><strong>{{.Notice.Heading}}</strong></p><p>{{.Notice.Lead}}</p>` +
		`{{with .Message}}<p dir="auto">{{.}}</p>{{end}}</div>` + "\n"))

// maxEventMessage bounds the message in a header, which proxies do not let grow large.
const maxEventMessage = 300

// fragment renders the answer for htmx. Versions of htmx differ in whether they put
// the body of an error into the page: HX-Reswap keeps all of them from it, so that nothing is torn out, and the
// event "quiesce:blocked" tells the page what to show.
func fragment(p Page, h http.Header) []byte {
	message := p.Message
	if message == "" {
		message = p.Notice().Lead
	}
	if runes := []rune(message); len(runes) > maxEventMessage {
		message = string(runes[:maxEventMessage-1]) + "…"
	}
	event := marshal(map[string]any{"quiesce:blocked": struct {
		Code       string    `json:"code"`
		Cause      Cause     `json:"cause"`
		Title      string    `json:"title"`
		Message    string    `json:"message"`
		Until      time.Time `json:"until,omitzero"`
		RetryAfter int       `json:"retry_after_seconds,omitempty"`
	}{Code, p.Cause, p.Notice().Heading, message, wholeSeconds(p.Until), p.RetryAfter}})
	h.Set("Hx-Reswap", "none")
	h.Set("Hx-Trigger", asciiJSON(event))

	var b bytes.Buffer
	if err := fragmentTemplate.Execute(&b, p); err != nil {
		panic(err) // as for the page
	}
	return b.Bytes()
}

// asciiJSON writes JSON in ASCII, without line ends: browsers read header values as
// Latin-1. JSON has no control characters inside of its strings, so nothing of a
// message can end the header.
func asciiJSON(text []byte) string {
	var b strings.Builder
	for _, r := range string(bytes.TrimSpace(text)) {
		switch {
		case r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
