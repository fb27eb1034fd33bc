package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// panelHold is the name by which the control panel asks for a mode. It takes
// back what it asked for itself; the environment's hold only when it is told to.
const panelHold = "control-panel"

// control is the control panel: the off switch that works when everything else
// is off. It asks the database nothing, and no log in of the site.
type control struct {
	guard     *sqlguard.Guard
	entry     *entry
	bypassKey []byte // signs the tokens of smoke tests
	log       *slog.Logger
}

func newControl(guard *sqlguard.Guard, token string, bypassKey []byte, log *slog.Logger) *control {
	return &control{guard: guard, entry: newEntry(token), bypassKey: bypassKey, log: log}
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
	handle("POST /control/drain", c.drain)
	handle("POST /control/smoke-test", c.smokeTest)
	handle("POST /control/leave", c.leave)
}

// panelBody is what the panel shows.
type panelBody struct {
	State   sqlguard.State
	In      string // the state in words
	Counts  sqlguard.Counts
	Report  sqlguard.Report // of observe mode
	Presets []preset
	Form    panelForm
	Token   string // for the forms
	Error   string
	// Environment reports that the environment holds a mode beside the panel.
	Environment bool
	// Drained and SmokeTest are what was asked for just now: what is open still, and a token.
	Drained   *drained
	SmokeTest string
}

// drained is what a drain has found.
type drained struct {
	sqlguard.DrainReport
	Done bool // nothing can be committed any more
}

func (c *control) show(w http.ResponseWriter, r *http.Request) {
	v := c.entry.admit(r)
	if !v.allowed {
		c.ask(w, r, http.StatusOK, v, "")
		return
	}
	c.render(w, r, http.StatusOK, v, panelBody{Form: formOf(c.guard.State())})
}

// refuse shows the panel, and what was wrong.
func (c *control) refuse(w http.ResponseWriter, r *http.Request, v visit, form panelForm, problem string) {
	c.render(w, r, http.StatusUnprocessableEntity, v, panelBody{Form: form, Error: problem})
}

// render shows the panel. What every view of it has is filled in.
func (c *control) render(w http.ResponseWriter, r *http.Request, status int, v visit, body panelBody) {
	state := c.guard.State()
	body.State, body.In, body.Presets, body.Token = state, describe(state), presets, v.form
	body.Counts, body.Report = c.guard.Counts(), c.guard.Report()
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
		Reason: r.PostForm.Get("reason"), Message: r.PostForm.Get("message"),
		Begins: r.PostForm.Get("begins"), Minutes: r.PostForm.Get("minutes"),
	}
	change, err := form.change(r.PostForm.Get("preset"), time.Now())
	if err == nil && asksNothing(change) {
		c.guard.Release(panelHold)
	} else if err == nil {
		err = c.guard.Hold(panelHold, change)
	}
	if err != nil {
		c.refuse(w, r, v, form, err.Error())
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
		c.refuse(w, r, v, formOf(c.guard.State()), "that hold is not the panel's to release")
		return
	}
	c.guard.Release(name)
	http.Redirect(w, r, controlPath, http.StatusSeeOther)
}

// drainTime is how long an operator waits for what was begun before writing was closed.
const drainTime = 2 * time.Second

// drain shows whether anything can still be committed.
func (c *control) drain(w http.ResponseWriter, r *http.Request) {
	v, ok := c.admitted(w, r)
	if !ok {
		return
	}
	patience, cancel := context.WithTimeout(r.Context(), drainTime)
	defer cancel()
	report, err := c.guard.Drain(patience)
	form := formOf(c.guard.State())
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		c.refuse(w, r, v, form, err.Error())
		return
	}
	c.render(w, r, http.StatusOK, v, panelBody{Form: form, Drained: &drained{report, err == nil}})
}

// smokeTestTime is how long a token for smoke tests is good.
const smokeTestTime = 10 * time.Minute

// smokeTest shows a token with which requests write although nobody else may.
func (c *control) smokeTest(w http.ResponseWriter, r *http.Request) {
	v, ok := c.admitted(w, r)
	if !ok {
		return
	}
	token, err := httpmode.SignBypass(c.bypassKey, "smoke test", time.Now().Add(smokeTestTime))
	form := formOf(c.guard.State())
	if err != nil {
		c.refuse(w, r, v, form, err.Error())
		return
	}
	c.render(w, r, http.StatusOK, v, panelBody{Form: form, SmokeTest: token})
}

func (c *control) leave(w http.ResponseWriter, r *http.Request) {
	if _, ok := c.admitted(w, r); !ok {
		return
	}
	c.entry.end(w, r)
	http.Redirect(w, r, controlPath, http.StatusSeeOther)
}
