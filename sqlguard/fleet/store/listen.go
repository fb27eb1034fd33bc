package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// How long a lost connection is left alone before the next attempt, at first and at most; and after how
// long without a word it is asked whether it lives, because a peer that is gone says nothing.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
	silence    = time.Minute
	patience   = 10 * time.Second
)

// listening listens until Close, and connects again whenever the connection is lost. Nobody hears of its
// errors: without hints each change is heard of with the next heartbeat.
func (s *Store) listening() {
	for pause := firstPause; s.ctx.Err() == nil; pause = min(2*pause, lastPause) {
		if s.listenOnce() {
			pause = firstPause
		}
		select {
		case <-s.ctx.Done():
		case <-time.After(pause):
		}
	}
}

// listenOnce listens until the connection is lost. It reports whether there was one.
func (s *Store) listenOnce() bool {
	connecting, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	conn, err := pgx.ConnectConfig(connecting, s.target.postgres.Copy())
	if err != nil {
		return false
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		conn.Close(closing)
	}()
	if _, err := conn.Exec(connecting, "LISTEN "+pgx.Identifier{s.Channel()}.Sanitize()); err != nil {
		return false
	}
	for s.hint(); ; s.hint() { // once more at first: what came before was missed
		if !s.await(conn) {
			return true
		}
	}
}

// await returns at a notification, or with false when the connection is lost.
func (s *Store) await(conn *pgx.Conn) bool {
	for {
		waiting, cancel := context.WithTimeout(s.ctx, silence)
		_, err := conn.WaitForNotification(waiting)
		cancel()
		if err == nil {
			return true
		}
		if s.ctx.Err() != nil || conn.IsClosed() {
			return false
		}
		asking, cancel := context.WithTimeout(s.ctx, patience)
		err = conn.Ping(asking)
		cancel()
		if err != nil {
			return false
		}
	}
}

func (s *Store) hint() {
	select {
	case s.hints <- struct{}{}:
	default: // one is waiting there already
	}
}
