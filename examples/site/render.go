package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

//go:embed templates/*.html
var templateFiles embed.FS

var templates = parseTemplates("control.html", "login.html", "problem.html", "propose.html", "talk.html", "talks.html", "token.html")

// parseTemplates returns each page's template, with the layout around it.
func parseTemplates(names ...string) map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"plural": plural, "utc": utc, "machine": machineTime, "from": fromNow,
	}).ParseFS(templateFiles, "templates/layout.html"))
	pages := make(map[string]*template.Template)
	for _, name := range names {
		page := template.Must(layout.Clone())
		pages[name] = template.Must(page.ParseFS(templateFiles, "templates/"+name))
	}
	return pages
}

// page is what every template is given.
type page struct {
	Title  string
	User   *user   // nil for a visitor
	Banner *banner // nil while there is nothing to notice
	Guest  bool    // anonymous mode has taken the visitor's cookie away
	Panel  bool    // a page of the control panel
	Body   any

	NotSaved *httpmode.Form // a form that get-only mode made this page view of
}

// banner tells visitors what they can expect.
type banner struct {
	Headline, Text string
	Begins         time.Time // zero if it has begun
	Until          time.Time // zero if not known
}

// newBanner returns nil where visitors have nothing to notice: with the mode off or
// only observing, and nothing announced.
func newBanner(info httpmode.Info) *banner {
	b := &banner{Text: info.Message, Until: info.Until}
	switch {
	case info.ReadOnly():
		b.Headline = "This site is read-only for now. You can read everything."
	case info.GetOnly:
		b.Headline = "Forms are closed for now."
	case info.Anonymous:
		b.Headline = "Log in is paused for now."
	case !info.Announced.IsZero():
		b.Headline, b.Begins = "This site will be read-only for a while.", info.Announced
	default:
		return nil
	}
	return b
}

// explain puts into a page what visitors are to know of the modes: of those in force
// for their request or else, because a request knows nothing of it, of what is announced.
func (s *site) explain(p *page, r *http.Request) {
	info := httpmode.FromContext(r.Context())
	if info.Converted {
		form := httpmode.FormFromContext(r.Context())
		p.NotSaved = &form
	}
	p.Guest = info.Stripped
	if !info.Noticed() {
		info = s.modes.Info()
	}
	p.Banner = newBanner(info)
}

// render writes a page. It is made in memory first, so that an error is still
// an error page and not half of one.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) error {
	if p.User == nil {
		if u, ok, err := s.currentUser(r); err != nil {
			return err
		} else if ok {
			p.User = &u
		}
	}
	s.explain(&p, r)
	return writePage(w, status, name, p)
}

func writePage(w http.ResponseWriter, status int, name string, p page) error {
	var body bytes.Buffer
	if err := templates[name].ExecuteTemplate(&body, "layout.html", p); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-cache")
	if p.Panel || p.NotSaved != nil {
		h.Set("Cache-Control", "no-store") // it holds a form's token, or what somebody typed
	}
	h.Add("Vary", "Cookie")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // whoever asked has gone; nobody is left to tell
	return nil
}

// problem writes a short page about what is wrong. It asks the database
// nothing, because that may be what is wrong.
func (s *site) problem(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	p := page{Title: title, Body: text}
	s.explain(&p, r)
	if err := writePage(w, status, "problem.html", p); err != nil {
		s.log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "error", err)
		http.Error(w, title, status)
	}
}

// describe names a state in words.
func describe(state sqlguard.State) string {
	text := state.Mode.String()
	if state.Anonymous {
		text += ", anonymous"
	}
	if state.GetOnly {
		text += ", get-only"
	}
	return text
}

// plural returns "1 star", "2 stars".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func utc(t time.Time) string { return t.UTC().Format("Monday 2 January, 15:04 UTC") }

func machineTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// fromNow returns how far off a time is, roughly: "in about 20 minutes".
func fromNow(t time.Time) string {
	left := time.Until(t)
	switch minutes := int((left + time.Minute - 1) / time.Minute); {
	case left <= 0:
		return "any moment now"
	case minutes < 120:
		return "in about " + plural(minutes, "minute", "minutes")
	case minutes < 48*60:
		return "in about " + plural((minutes+30)/60, "hour", "hours")
	default:
		return "in about " + plural((minutes+12*60)/(24*60), "day", "days")
	}
}
