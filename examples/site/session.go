package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A session is a signed cookie and nothing else: no row is written when
// somebody logs in or out, none is touched when they look at a page. That is
// why log in survives every mode.

const (
	sessionCookie = "session"
	sessionLength = 30 * 24 * time.Hour
)

// sessions gives out and reads log in cookies.
type sessions struct {
	signer signer
}

// newSessionKey makes the key that log ins are signed with.
func newSessionKey() []byte {
	key := make([]byte, 32)
	rand.Read(key) // never fails, by its documentation
	return key
}

// loadSessions reads the key that the first start made.
func loadSessions(ctx context.Context, db *sql.DB) (sessions, error) {
	var key []byte
	// The name of the table is there for MySQL, to which key alone is a keyword.
	if err := db.QueryRowContext(ctx, "SELECT session_key.key FROM session_key").Scan(&key); err != nil {
		return sessions{}, fmt.Errorf("read session key: %w", err)
	}
	if len(key) < 32 {
		return sessions{}, errors.New("read session key: it is too short")
	}
	return sessions{signer{key: key, purpose: "session"}}, nil
}

// begin logs a user in.
func (s sessions) begin(w http.ResponseWriter, r *http.Request, userID int64) {
	s.setCookie(w, r, s.signer.sign(strconv.FormatInt(userID, 10), time.Now().Add(sessionLength)), int(sessionLength.Seconds()))
}

// end logs out whoever sends this request.
func (s sessions) end(w http.ResponseWriter, r *http.Request) { s.setCookie(w, r, "", -1) }

func (s sessions) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil, // plain HTTP on loopback would lose a Secure cookie
	})
}

// userID returns who sent a request, and false for a visitor.
func (s sessions) userID(r *http.Request) (int64, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return 0, false
	}
	payload, ok := s.signer.verify(cookie.Value, time.Now())
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(payload, 10, 64)
	return id, err == nil
}
