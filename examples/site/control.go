package main

import (
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// panelHold is the name by which the control panel asks for a mode. It takes
// back what it asked for itself; the environment's hold only when it is told to.
const panelHold = "control-panel"

// control is the control panel: the off switch that works when everything else
// is off. It asks the database nothing, and no log in of the site.
type control struct {
	guard *sqlguard.Guard
	entry *entry
	log   *slog.Logger
}

func newControl(guard *sqlguard.Guard, token string, log *slog.Logger) *control {
	return &control{guard: guard, entry: newEntry(token), log: log}
}

// controlPath is where the panel is, and its cookie's path.
const controlPath = "/control"

func (c *control) routes(mux *http.ServeMux) {
	handle := func(pattern string, h http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			h(w, r)
		})
	}
	handle("GET /control", c.show)
	handle("POST /control", c.apply)
	handle("POST /control/enter", c.enter)
	handle("POST /control/release", c.release)
	handle("POST /control/leave", c.leave)
}

// panelBody is what the panel shows.
type panelBody struct {
	State   sqlguard.State
	In      string // the state in words
	Counts  sqlguard.Counts
	Presets []preset
	Form    panelForm
	Token   string // for the forms
	Error   string
	// Environment reports that the environment holds a mode beside the panel.
	Environment bool
}

func (c *control) show(w http.ResponseWriter, r *http.Request) {
	v := c.entry.admit(r)
	if !v.allowed {
		c.ask(w, r, http.StatusOK, v, "")
		return
	}
	c.render(w, r, http.StatusOK, v, formOf(c.guard.State()), "")
}

func (c *control) render(w http.ResponseWriter, r *http.Request, status int, v visit, form panelForm, problem string) {
	state := c.guard.State()
	body := panelBody{
		State: state, In: describe(state), Counts: c.guard.Counts(), Presets: presets,
		Form: form, Token: v.form, Error: problem,
	}
	for _, h := range state.Holds {
		body.Environment = body.Environment || h.Name == sqlguard.EnvironmentHold
	}
	c.write(w, r, status, "control.html", page{Title: "Control panel", Panel: true, Body: body})
}

// ask shows the form that asks for the token.
func (c *control) ask(w http.ResponseWriter, r *http.Request, status int, v visit, problem string) {
	if v.wait > 0 {
		seconds := int(math.Ceil(v.wait.Seconds()))
		status = http.StatusTooManyRequests
		problem = "Too many wrong tokens. Wait " + plural(seconds, "second", "seconds") + "."
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	c.write(w, r, status, "token.html", page{Title: "Control panel", Panel: true, Body: problem})
}

func (c *control) write(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	if err := writePage(w, status, name, p); err != nil {
		c.log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "error", err)
		http.Error(w, "Something went wrong", http.StatusInternalServerError)
	}
}

// enter takes the token.
func (c *control) enter(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.ask(w, r, http.StatusBadRequest, visit{}, "The form did not arrive as one.")
		return
	}
	ok, wait := c.entry.checkToken(r, r.PostForm.Get("token"))
	if !ok {
		c.log.WarnContext(r.Context(), "control panel: token refused", "from", r.RemoteAddr, "too_many", wait > 0)
		c.ask(w, r, http.StatusForbidden, visit{wait: wait}, "That is not the token. It was printed when the site started.")
		return
	}
	c.entry.begin(w, r)
	http.Redirect(w, r, controlPath, http.StatusSeeOther)
}

// admitted reads a form and reports whether whoever sent it may change
// something. Where not, it has answered.
func (c *control) admitted(w http.ResponseWriter, r *http.Request) (visit, bool) {
	if err := r.ParseForm(); err != nil {
		c.ask(w, r, http.StatusBadRequest, visit{}, "The form did not arrive as one.")
		return visit{}, false
	}
	v := c.entry.admitForm(r)
	if !v.allowed {
		c.ask(w, r, http.StatusForbidden, v, "Enter the token first. Nothing has been changed.")
	}
	return v, v.allowed
}

// apply changes what the panel asks for.
func (c *control) apply(w http.ResponseWriter, r *http.Request) {
	v, ok := c.admitted(w, r)
	if !ok {
		return
	}
	form := panelForm{
		Mode: r.PostForm.Get("mode"), Anonymous: r.PostForm.Has("anonymous"), GetOnly: r.PostForm.Has("get-only"),
		Reason: r.PostForm.Get("reason"), Message: r.PostForm.Get("message"), Minutes: r.PostForm.Get("minutes"),
	}
	change, err := form.change(r.PostForm.Get("preset"), time.Now())
	if err == nil && asksNothing(change) {
		c.guard.Release(panelHold)
	} else if err == nil {
		err = c.guard.Hold(panelHold, change)
	}
	if err != nil {
		c.render(w, r, http.StatusUnprocessableEntity, v, form, err.Error())
		return
	}
	http.Redirect(w, r, controlPath, http.StatusSeeOther)
}

// release takes back one hold, the panel's own or the environment's.
func (c *control) release(w http.ResponseWriter, r *http.Request) {
	v, ok := c.admitted(w, r)
	if !ok {
		return
	}
	name := r.PostForm.Get("hold")
	if name != panelHold && name != sqlguard.EnvironmentHold {
		c.render(w, r, http.StatusUnprocessableEntity, v, formOf(c.guard.State()), "That hold is not the panel's to release.")
		return
	}
	c.guard.Release(name)
	http.Redirect(w, r, controlPath, http.StatusSeeOther)
}

func (c *control) leave(w http.ResponseWriter, r *http.Request) {
	if _, ok := c.admitted(w, r); !ok {
		return
	}
	c.entry.end(w, r)
	http.Redirect(w, r, controlPath, http.StatusSeeOther)
}
