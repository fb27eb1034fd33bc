package filesource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// operation is the one to which processes are bound that are closed by a file.
const operation = "file"

// document is what a file holds. Its fields that need a message of their own are read as texts.
type document struct {
	Mode      *string `json:"mode"`
	Anonymous bool    `json:"anonymous"`
	GetOnly   bool    `json:"get_only"`
	Cut       bool    `json:"cut"`
	Grace     *string `json:"grace"`
	Message   string  `json:"message"`
	Reason    string  `json:"reason"`
	By        string  `json:"by"`
	Until     *string `json:"until"`
	Announced *string `json:"announced"`
}

// parse returns what a file asks for: a record without epoch and time. Its errors name the field.
func parse(text []byte) (fleet.Mode, error) {
	var d document
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return fleet.Mode{}, explain(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fleet.Mode{}, errors.New("there is something after the JSON object")
	}
	m, err := d.mode()
	if err != nil {
		return fleet.Mode{}, err
	}
	return m, check(m.Change)
}

// explain says what is wrong in words of the file.
func explain(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty; expected a JSON object")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends in the middle of the JSON object")
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("it is a JSON %s, not an object", kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("the field %q must be a %s, not a %s", kind.Field, kind.Type, kind.Value)
	}
	return fmt.Errorf("it cannot be read as JSON: %w", err)
}

func (d document) mode() (m fleet.Mode, err error) {
	if d.Mode == nil {
		return m, errors.New(`the field "mode" is missing; expected off, observe or read-only`)
	}
	m.State = fleet.Open
	m.Change = sqlguard.Change{Anonymous: d.Anonymous, GetOnly: d.GetOnly, Message: d.Message, Reason: d.Reason, By: d.By}
	if m.Change.Mode, err = sqlguard.ParseMode(*d.Mode); err != nil {
		return m, fmt.Errorf(`the field "mode" must be off, observe or read-only, not %q`, *d.Mode)
	}
	if m.Change.Mode == sqlguard.ReadOnly {
		m.State, m.Op, m.Cut = fleet.Closed, operation, d.Cut
	} else if d.Cut || d.Grace != nil {
		return m, errors.New(`the fields "cut" and "grace" go with "mode": "read-only"`)
	}
	if d.Grace != nil {
		if m.Change.Grace, err = time.ParseDuration(*d.Grace); err != nil {
			return m, fmt.Errorf(`the field "grace" must be a duration such as 30s, not %q`, *d.Grace)
		}
	}
	for name, to := range map[string]struct {
		text *string
		time *time.Time
	}{"until": {d.Until, &m.Change.Until}, "announced": {d.Announced, &m.Change.Announced}} {
		if to.text == nil {
			continue
		}
		if *to.time, err = time.Parse(time.RFC3339, *to.text); err != nil {
			return m, fmt.Errorf("the field %q must be a time such as 2026-03-29T02:00:00Z, not %q", name, *to.text)
		}
	}
	return m, nil
}

// check asks a guard whether it would take a change.
func check(c sqlguard.Change) error {
	g, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		return err
	}
	return g.Hold(operation, c)
}
