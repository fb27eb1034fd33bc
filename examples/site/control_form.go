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
	announces          bool // what the form says the beginning of
}

var presets = []preset{
	{Name: "off", Label: "Off", Means: "Everything works."},
	{Name: "observe", Label: "Observe", Means: "Everything works; what read-only mode would refuse is counted.",
		change: sqlguard.Change{Mode: sqlguard.Observe}},
	{Name: "announce", Label: "Announce", Means: "Everything works; visitors are told when read-only mode will begin.",
		announces: true},
	{Name: "read-only", Label: "Read-only", Means: "Pages load, log in works, writes are refused.",
		change: sqlguard.Change{Mode: sqlguard.ReadOnly}},
	{Name: "anonymous", Label: "Anonymous", Means: "Read-only, and everybody appears logged out.",
		change: sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true}},
	{Name: "get-only", Label: "Get-only", Means: "Read-only, and forms are treated as page views.",
		change: sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true}},
}

// panelForm is what the panel's form holds, as it was typed.
type panelForm struct {
	Mode               string
	Anonymous, GetOnly bool
	Reason, Message    string
	Begins, Minutes    string // from now
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
		form.Begins, form.Minutes = minutesUntil(h.Announced), minutesUntil(h.Until)
	}
	return form
}

// minutesUntil returns how long it is until a time; nothing if it has passed.
func minutesUntil(t time.Time) string {
	left := time.Until(t)
	if left <= 0 {
		return ""
	}
	return strconv.Itoa(int(math.Ceil(left.Minutes())))
}

// maxMinutes is a week, which is long for a database to be moved.
const maxMinutes = 7 * 24 * 60

// asksNothing reports whether a change is what no hold at all is.
func asksNothing(c sqlguard.Change) bool {
	return c.Mode == sqlguard.Off && !c.Anonymous && !c.GetOnly && c.Announced.IsZero()
}

// change returns what the form asks for, or what a preset does, with the form's
// texts. Where that is nothing the texts do not matter: whatever they are, off is off.
func (f panelForm) change(presetName string, now time.Time) (sqlguard.Change, error) {
	change, err := f.modes(presetName, now)
	if err != nil || asksNothing(change) {
		return change, err
	}
	change.Reason, change.Message = strings.TrimSpace(f.Reason), strings.TrimSpace(f.Message)
	change.By = "an operator at the control panel"
	change.Until, err = minutesFrom(now, f.Minutes, "the expected end")
	return change, err
}

func (f panelForm) modes(presetName string, now time.Time) (sqlguard.Change, error) {
	if presetName == "" {
		return f.byHand(now)
	}
	for _, p := range presets {
		if p.Name != presetName {
			continue
		}
		if p.announces {
			return f.announcement(now)
		}
		return p.change, nil
	}
	return sqlguard.Change{}, errors.New("there is no preset of that name")
}

// byHand keeps what is announced, unless it has begun: whoever only changes the message
// does not take it back.
func (f panelForm) byHand(now time.Time) (sqlguard.Change, error) {
	mode, err := sqlguard.ParseMode(f.Mode)
	change := sqlguard.Change{Mode: mode, Anonymous: f.Anonymous, GetOnly: f.GetOnly}
	if err == nil && mode != sqlguard.ReadOnly {
		change.Announced, err = minutesFrom(now, f.Begins, "the beginning")
	}
	return change, err
}

func (f panelForm) announcement(now time.Time) (sqlguard.Change, error) {
	begins, err := minutesFrom(now, f.Begins, "the beginning")
	if err == nil && begins.IsZero() {
		err = errors.New("an announcement needs the beginning, in minutes from now")
	}
	return sqlguard.Change{Announced: begins}, err
}

// minutesFrom reads a field that says how far off something is: zero if it is empty.
func minutesFrom(now time.Time, field, what string) (time.Time, error) {
	text := strings.TrimSpace(field)
	if text == "" {
		return time.Time{}, nil
	}
	minutes, err := strconv.Atoi(text)
	if err != nil || minutes < 1 || minutes > maxMinutes {
		return time.Time{}, fmt.Errorf("%s must be a whole number of minutes from 1 to %d, or empty", what, maxMinutes)
	}
	return now.Add(time.Duration(minutes) * time.Minute).UTC().Truncate(time.Second), nil
}
