package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// preset is a state with a name.
type preset struct {
	Name, Label, Means string
	change             sqlguard.Change
}

var presets = []preset{
	{"off", "Off", "Everything works.", sqlguard.Change{}},
	{"observe", "Observe", "Everything works; what read-only mode would refuse is counted.",
		sqlguard.Change{Mode: sqlguard.Observe}},
	{"read-only", "Read-only", "Pages load, log in works, writes are refused.",
		sqlguard.Change{Mode: sqlguard.ReadOnly}},
	{"anonymous", "Anonymous", "Read-only, and everybody appears logged out.",
		sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true}},
	{"get-only", "Get-only", "Read-only, and forms are treated as page views.",
		sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true}},
}

// panelForm is what the panel's form holds, as it was typed.
type panelForm struct {
	Mode               string
	Anonymous, GetOnly bool
	Reason, Message    string
	Minutes            string
}

// formOf fills the form with what the panel asks for already.
func formOf(state sqlguard.State) panelForm {
	form := panelForm{Mode: sqlguard.Off.String()}
	for _, h := range state.Holds {
		if h.Name != panelHold {
			continue
		}
		form = panelForm{
			Mode: h.Mode.String(), Anonymous: h.Anonymous, GetOnly: h.GetOnly,
			Reason: h.Reason, Message: h.Message,
		}
		if left := time.Until(h.Until); left > 0 {
			form.Minutes = strconv.Itoa(int(math.Ceil(left.Minutes())))
		}
	}
	return form
}

// maxMinutes is a week, which is long for a database to be moved.
const maxMinutes = 7 * 24 * 60

// asksNothing reports whether a change is what no hold at all is.
func asksNothing(c sqlguard.Change) bool {
	return c.Mode == sqlguard.Off && !c.Anonymous && !c.GetOnly
}

// change returns what the form asks for, or what a preset does, with the form's
// texts. Where that is nothing the texts do not matter: whatever they are, off is off.
func (f panelForm) change(presetName string, now time.Time) (sqlguard.Change, error) {
	change, err := f.modes(presetName)
	if err != nil || asksNothing(change) {
		return change, err
	}
	change.Reason, change.Message = strings.TrimSpace(f.Reason), strings.TrimSpace(f.Message)
	change.By = "an operator at the control panel"
	if text := strings.TrimSpace(f.Minutes); text != "" {
		minutes, err := strconv.Atoi(text)
		if err != nil || minutes < 1 || minutes > maxMinutes {
			return change, fmt.Errorf("the expected end must be a whole number of minutes from 1 to %d, or empty", maxMinutes)
		}
		change.Until = now.Add(time.Duration(minutes) * time.Minute).UTC().Truncate(time.Second)
	}
	return change, nil
}

func (f panelForm) modes(presetName string) (sqlguard.Change, error) {
	if presetName == "" {
		mode, err := sqlguard.ParseMode(f.Mode)
		return sqlguard.Change{Mode: mode, Anonymous: f.Anonymous, GetOnly: f.GetOnly}, err
	}
	for _, p := range presets {
		if p.Name == presetName {
			return p.change, nil
		}
	}
	return sqlguard.Change{}, errors.New("there is no preset of that name")
}
