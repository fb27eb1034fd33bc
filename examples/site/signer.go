package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// signer makes values that a browser keeps and cannot change: HMAC-SHA-256 over
// what the value is for, what it says and when it ends.
type signer struct {
	key []byte
	// purpose keeps a value that was signed for one thing from being shown for
	// another.
	purpose string
}

// sign returns a value that holds until the given time. The payload must not
// contain a dot.
func (s signer) sign(payload string, until time.Time) string {
	text := payload + "." + strconv.FormatInt(until.Unix(), 10)
	return text + "." + s.mac(text)
}

// verify returns the payload of a value that sign made and that still holds.
func (s signer) verify(value string, now time.Time) (payload string, ok bool) {
	text, mac, found := cutLast(value, ".")
	if !found || !hmac.Equal([]byte(mac), []byte(s.mac(text))) {
		return "", false
	}
	payload, seconds, found := cutLast(text, ".")
	if !found {
		return "", false
	}
	until, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || now.Unix() >= until {
		return "", false
	}
	return payload, true
}

func (s signer) mac(text string) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(s.purpose + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
