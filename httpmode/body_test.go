package httpmode

import (
	"io"
	"strings"
	"testing"
)

func TestOfALongFormOnlyTheBeginningIsKept(t *testing.T) {
	text := strings.Repeat("0123456789", 100_000)
	body := formBody{ReadCloser: io.NopCloser(strings.NewReader(text))}
	if read, err := io.ReadAll(&body); err != nil || string(read) != text {
		t.Fatalf("the handler reads %d bytes, %v", len(read), err)
	}
	kept, ended := body.rest()
	if !ended || string(kept) != text[:maxForm+1] {
		t.Errorf("%d bytes are kept, ended %t", len(kept), ended)
	}
}
