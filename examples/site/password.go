package main

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The work of one guess: OWASP's advice for PBKDF2 with HMAC-SHA-256. Each hash
// says its own count, so that it can be raised without asking anybody for a new
// password.
const (
	passwordRounds = 600_000
	saltLength     = 16
	hashLength     = 32
	hashScheme     = "pbkdf2-sha256"
)

// hashPassword returns scheme$rounds$salt$hash.
func hashPassword(password string, rounds int) (string, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails, by its documentation
	hash, err := pbkdf2.Key(sha256.New, password, salt, rounds, hashLength)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	encode := base64.RawStdEncoding.EncodeToString
	return strings.Join([]string{hashScheme, strconv.Itoa(rounds), encode(salt), encode(hash)}, "$"), nil
}

// checkPassword reports whether a password is the one that was hashed. Its error
// is about the stored hash.
func checkPassword(stored, password string) (bool, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 4 || parts[0] != hashScheme {
		return false, errors.New("stored password is not of a known scheme")
	}
	rounds, err := strconv.Atoi(parts[1])
	if err != nil || rounds < 1 {
		return false, errors.New("stored password has no valid number of rounds")
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return false, fmt.Errorf("stored password's salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[3])
	if err != nil || len(want) == 0 {
		return false, errors.New("stored password's hash is malformed")
	}
	got, err := pbkdf2.Key(sha256.New, password, salt, rounds, len(want))
	if err != nil {
		return false, fmt.Errorf("check password: %w", err)
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
