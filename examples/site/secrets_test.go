package main

import (
	"strings"
	"testing"
	"time"
)

func TestAPasswordIsCheckedAgainstItsHash(t *testing.T) {
	stored, err := hashPassword("correct horse", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horse ": false, "": false} {
		if got, err := checkPassword(stored, password); err != nil || got != want {
			t.Errorf("%q: %t, %v", password, got, err)
		}
	}
	again, err := hashPassword("correct horse", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if again == stored {
		t.Error("two hashes of one password are the same: there is no salt")
	}
}

func TestAMalformedHashIsAnErrorAndNeverAMatch(t *testing.T) {
	for name, stored := range map[string]string{
		"empty":             "",
		"another scheme":    "plain$1$AAAA$AAAA",
		"too few parts":     hashScheme + "$1$AAAA",
		"rounds in letters": hashScheme + "$many$AAAA$AAAA",
		"no rounds":         hashScheme + "$0$AAAA$AAAA",
		"a malformed salt":  hashScheme + "$1$*$AAAA",
		"a malformed hash":  hashScheme + "$1$AAAA$*",
		"an empty hash":     hashScheme + "$1$AAAA$",
	} {
		if right, err := checkPassword(stored, ""); right || err == nil {
			t.Errorf("%s: %t, %v", name, right, err)
		}
	}
}

func FuzzSignerTakesNothingItDidNotSign(f *testing.F) {
	s := signer{key: []byte("a key of thirty-two bytes length"), purpose: "session"}
	now := time.Unix(1_000_000, 0)
	f.Add(s.sign("7", now.Add(time.Hour)))
	f.Add("7.1003600.")
	f.Add("..")
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		payload, ok := s.verify(value, now)
		if !ok {
			return
		}
		text, _, _ := cutLast(value, ".")
		if value != text+"."+s.mac(text) || !strings.HasPrefix(text, payload+".") {
			t.Errorf("%q is taken for %q", value, payload)
		}
	})
}

func TestASignatureEndsInTime(t *testing.T) {
	s := signer{key: []byte("key"), purpose: "session"}
	now := time.Unix(1_000_000, 0)
	value := s.sign("7", now.Add(time.Hour))
	if payload, ok := s.verify(value, now.Add(time.Hour-time.Second)); !ok || payload != "7" {
		t.Errorf("before the end: %q, %t", payload, ok)
	}
	if _, ok := s.verify(value, now.Add(time.Hour)); ok {
		t.Error("it still holds at its end")
	}
	if _, ok := (signer{key: []byte("key"), purpose: "control"}).verify(value, now); ok {
		t.Error("it holds for another purpose")
	}
}
