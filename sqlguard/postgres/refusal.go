package postgres

import (
	"errors"

	"github.com/quiescehq/quiesce/internal/lex"
)

// refusal says in words why the gate did not let a text through.
func refusal(err error) string {
	var unreadable *lex.Unreadable
	switch {
	case errors.Is(err, lex.ErrTooLong):
		return "the text is too long"
	case errors.Is(err, lex.ErrTooDeep):
		return "the text nests or chains too deep"
	case errors.As(err, &unreadable):
		return unreadable.Reason
	}
	return "the text cannot be split into tokens"
}
