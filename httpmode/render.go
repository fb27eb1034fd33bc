package httpmode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// answer is all that a maintenance answer is made from.
type answer struct {
	format format
	page   Page
	frames string // the directive that says who may have the page in a frame
}

// newAnswer gathers the answer to a request, as the client sent it.
func (m *Middleware) newAnswer(r *http.Request, info Info, cause Cause) answer {
	tag, texts := m.renderer.languages.match(strings.Join(r.Header["Accept-Language"], ","))
	return answer{
		format: negotiate(r, m.routes.class(r)),
		page: Page{
			Info: info, Cause: cause, Sent: !isSafe(r.Method),
			Lang: tag.String(), Texts: texts,
			SiteName: m.config.SiteName, StatusURL: m.config.StatusURL,
			RetryAfter: m.retryAfter(info.Until), Now: m.now(),
		},
	}
}

// response is a rendered answer. Its status is always 503.
type response struct {
	header http.Header // canonical names; nothing in it comes from a message as it is
	body   []byte
}

// renderer makes responses of answers. It looks at nothing else.
type renderer struct {
	languages   languages
	problemType string
	template    *template.Template // the user's, or nil
}

// newRenderer tries the user's template on every page that it may be asked for.
func newRenderer(cfg Config) (renderer, error) {
	languages, err := newLanguages(cfg.Texts)
	if err != nil {
		return renderer{}, err
	}
	rd := renderer{languages: languages, problemType: cfg.problemType(), template: cfg.Template}
	if cfg.Template == nil {
		return rd, nil
	}
	now := time.Now()
	for i, texts := range languages.texts {
		for _, p := range []Page{
			{Cause: CauseWrite},
			{Cause: CauseWrite, Sent: true, RetryAfter: 600},
			{Cause: CauseWrite, Sent: true, Form: Form{Incomplete: true, Fields: []Field{{Name: "text", Value: "value"}}}},
			{Cause: CauseWrite, Sent: true, Form: Form{SendAgain: true, Fields: []Field{{Name: "csrf", Value: "value", Hidden: true}}}},
			{Cause: CauseSignIn, Info: Info{Anonymous: true, Until: now.Add(time.Hour)}},
		} {
			p.Lang, p.Texts, p.Now = languages.tags[i].String(), texts, now
			p.Mode, p.SiteName, p.StatusURL, p.Message = sqlguard.ReadOnly, cfg.SiteName, cfg.StatusURL, "message"
			if err := cfg.Template.Execute(io.Discard, p); err != nil {
				return renderer{}, fmt.Errorf("Config.Template: %w", err)
			}
		}
	}
	return rd, nil
}

// render makes the response.
func (rd renderer) render(a answer) response {
	out := response{header: http.Header{
		"Cache-Control":          {"no-store"},
		"X-Content-Type-Options": {"nosniff"},
		"Content-Language":       {a.page.Lang},
	}}
	if a.page.RetryAfter > 0 {
		out.header.Set("Retry-After", strconv.Itoa(a.page.RetryAfter))
	}
	contentType := "text/plain; charset=utf-8"
	switch a.format {
	case formatHTML:
		contentType, out.body = "text/html; charset=utf-8", rd.html(a, out.header)
	case formatFragment:
		contentType, out.body = "text/html; charset=utf-8", fragment(a.page, out.header)
	case formatProblem:
		contentType, out.body = "application/problem+json", rd.problem(a.page)
	case formatJSON:
		contentType, out.body = "application/json", rd.problem(a.page)
	case formatGraphQL:
		contentType, out.body = "application/graphql-response+json", rd.graphQL(a.page)
	case formatGraphQLJSON:
		contentType, out.body = "application/json", rd.graphQL(a.page)
	default:
		out.body = plain(a.page)
	}
	out.header.Set("Content-Type", contentType)
	return out
}

// html renders the page: the user's, and where that fails after all, ours.
func (rd renderer) html(a answer, h http.Header) []byte {
	var b bytes.Buffer
	if rd.template != nil {
		if err := rd.template.Execute(&b, a.page); err == nil {
			return b.Bytes()
		}
		b.Reset()
	}
	h.Set("Content-Security-Policy", pagePolicy+a.frames)
	if err := builtinPage.Execute(&b, a.page); err != nil {
		panic(err) // a Buffer takes everything, and the template uses what Page has
	}
	return b.Bytes()
}

// problem renders problem details (RFC 9457).
func (rd renderer) problem(p Page) []byte {
	problem := struct {
		Type       string        `json:"type"`
		Title      string        `json:"title"`
		Status     int           `json:"status"`
		Detail     string        `json:"detail"`
		Code       string        `json:"code"`
		Cause      Cause         `json:"cause"`
		Mode       sqlguard.Mode `json:"mode"`
		Message    string        `json:"message,omitempty"`
		Until      time.Time     `json:"until,omitzero"`
		RetryAfter int           `json:"retry_after_seconds,omitempty"`
	}{
		Type: rd.problemType, Title: p.Notice().Heading, Status: http.StatusServiceUnavailable,
		Detail: p.detail(), Code: Code, Cause: p.Cause, Mode: p.Mode,
		Message: p.Message, Until: wholeSeconds(p.Until), RetryAfter: p.RetryAfter,
	}
	if rd.problemType == "about:blank" {
		problem.Title = http.StatusText(http.StatusServiceUnavailable) // RFC 9457, 4.2.1
	}
	return marshal(problem)
}

// detail says what the page says to a program.
func (p Page) detail() string {
	if p.Cause == CauseSignIn {
		return p.Texts.SignIn.Lead
	}
	return p.Texts.Detail
}

// wholeSeconds is as precise as an announcement is.
func wholeSeconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// marshal renders values of this package's own types, which cannot fail.
func marshal(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(body, '\n')
}

// plain renders plain text.
func plain(p Page) []byte {
	var b strings.Builder
	notice := p.Notice()
	fmt.Fprintf(&b, "%s\n\n%s\n", notice.Heading, notice.Lead)
	if p.Message != "" {
		fmt.Fprintf(&b, "\n%s\n", p.Message)
	}
	switch {
	case p.Ends():
		fmt.Fprintf(&b, "\n%s %s\n", p.Texts.End, p.Human(p.Until))
	case p.Overdue():
		fmt.Fprintf(&b, "\n%s\n", p.Texts.Overdue)
	}
	fmt.Fprintf(&b, "\n%d %s\n", http.StatusServiceUnavailable, Code)
	return []byte(b.String())
}
