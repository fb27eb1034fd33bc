package sqlstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// quote returns a text in ASCII and without NUL, from which [unquote] makes the same bytes again. A
// plain name stays as it is.
func quote(text string) string {
	quoted := strconv.QuoteToASCII(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func unquote(quoted string) (string, error) {
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(quoted, `"`, `\"`) + `"`)
	if err != nil {
		return "", fmt.Errorf("the name %q in the store is not one that was quoted", quoted)
	}
	return text, nil
}

// encode returns a value as JSON in ASCII.
func encode(v any) (string, error) {
	encoded, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	ascii := make([]byte, 0, len(encoded))
	for len(encoded) > 0 {
		r, size := utf8.DecodeRune(encoded)
		switch {
		case r < utf8.RuneSelf:
			ascii = append(ascii, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			ascii = fmt.Appendf(ascii, `\u%04x\u%04x`, high, low)
		default:
			ascii = fmt.Appendf(ascii, `\u%04x`, r)
		}
		encoded = encoded[size:]
	}
	return string(ascii), nil
}

// decode reads what encode has written. what names it.
func decode(what, text string, v any) error {
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("%s in the store is not one of this version: %w", what, err)
	}
	return nil
}

// maxEpoch bounds epochs, so that there is always a greater one that a column can hold.
const maxEpoch = math.MaxInt64 / 2

func checkEpoch(epoch uint64) error {
	if epoch > maxEpoch {
		return errors.New("the field Report.Epoch must be at most 2^62-1")
	}
	return nil
}

// instant is the time of a number of microseconds.
func instant(us int64) time.Time { return time.UnixMicro(us).UTC() }
