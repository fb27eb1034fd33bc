package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// store is the site's data, on a guarded pool.
type store struct {
	db     *sql.DB
	engine *engine
}

// errNotFound is returned for a row that does not exist.
var errNotFound = errors.New("not found")

type user struct {
	ID          int64
	Login, Name string
}

type talk struct {
	ID                       int64
	Title, Speaker, Abstract string
	Day                      int // 0 for a proposal
	Starts, Room             string
	Stars, Views             int
	Starred                  bool // by whoever asks
}

type comment struct {
	Author, Body string
	At           time.Time
}

// user returns the user with an id, or errNotFound.
func (s store) user(ctx context.Context, id int64) (user, error) {
	u := user{ID: id}
	err := s.queryRow(ctx, "SELECT login, name FROM users WHERE id = ?", id).Scan(&u.Login, &u.Name)
	return u, rowError("user", err)
}

// credentials returns a user and the stored hash of their password, or
// errNotFound.
func (s store) credentials(ctx context.Context, login string) (user, string, error) {
	u, password := user{Login: login}, ""
	err := s.queryRow(ctx, "SELECT id, name, password FROM users WHERE login = ?", login).
		Scan(&u.ID, &u.Name, &password)
	return u, password, rowError("user", err)
}

// seen notes when a user was last seen. Nobody misses it while the site is
// read-only, and so it is marked as best effort: the guard then drops it.
func (s store) seen(ctx context.Context, userID int64) error {
	_, err := s.exec(sqlguard.WithBestEffort(ctx),
		"UPDATE users SET seen_at = ? WHERE id = ?", time.Now().Unix(), userID)
	return wrap("note last seen", err)
}

// talks returns all talks: the programme in its order, then the proposals,
// newest first.
func (s store) talks(ctx context.Context) (_ []talk, err error) {
	rows, err := s.db.QueryContext(ctx, `
		SELECT id, title, speaker, day, starts, room,
			(SELECT count(*) FROM stars WHERE stars.talk_id = talks.id)
		FROM talks
		ORDER BY day = 0, day, starts, CASE day WHEN 0 THEN -id ELSE id END`)
	if err != nil {
		return nil, wrap("list talks", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var talks []talk
	for rows.Next() {
		var t talk
		if err := rows.Scan(&t.ID, &t.Title, &t.Speaker, &t.Day, &t.Starts, &t.Room, &t.Stars); err != nil {
			return nil, wrap("list talks", err)
		}
		talks = append(talks, t)
	}
	return talks, wrap("list talks", rows.Err())
}

// talk returns one talk as userID sees it, who may be 0; or errNotFound.
func (s store) talk(ctx context.Context, id, userID int64) (talk, error) {
	t := talk{ID: id}
	err := s.queryRow(ctx, `
		SELECT title, speaker, abstract, day, starts, room,
			(SELECT count(*) FROM stars WHERE stars.talk_id = talks.id),
			EXISTS (SELECT 1 FROM stars WHERE stars.talk_id = talks.id AND stars.user_id = ?),
			coalesce((SELECT views FROM talk_views WHERE talk_views.talk_id = talks.id), 0)
		FROM talks WHERE id = ?`, userID, id).
		Scan(&t.Title, &t.Speaker, &t.Abstract, &t.Day, &t.Starts, &t.Room, &t.Stars, &t.Starred, &t.Views)
	return t, rowError("talk", err)
}

// countView counts one view of a talk. While the site is read-only the guard's
// policy drops this statement, and the caller cannot tell.
func (s store) countView(ctx context.Context, talkID int64) error {
	_, err := s.exec(ctx, "INSERT INTO talk_views (talk_id, views) VALUES (?, 1) "+s.engine.countAgain, talkID)
	return wrap("count view", err)
}

// propose adds a talk and returns its id.
func (s store) propose(ctx context.Context, t talk) (int64, error) {
	const insert = "INSERT INTO talks (title, speaker, abstract) VALUES (?, ?, ?)"
	if s.engine.returning {
		var id int64
		err := s.queryRow(ctx, insert+" RETURNING id", t.Title, t.Speaker, t.Abstract).Scan(&id)
		return id, wrap("propose talk", err)
	}
	result, err := s.exec(ctx, insert, t.Title, t.Speaker, t.Abstract)
	if err != nil {
		return 0, wrap("propose talk", err)
	}
	id, err := result.LastInsertId()
	return id, wrap("propose talk", err)
}

// comments returns the comments on a talk, oldest first.
func (s store) comments(ctx context.Context, talkID int64) (_ []comment, err error) {
	rows, err := s.db.QueryContext(ctx, s.engine.bind(`
		SELECT users.name, comments.body, comments.created_at
		FROM comments JOIN users ON users.id = comments.user_id
		WHERE comments.talk_id = ? ORDER BY comments.id`), talkID)
	if err != nil {
		return nil, wrap("list comments", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var comments []comment
	for rows.Next() {
		var c comment
		var at int64
		if err := rows.Scan(&c.Author, &c.Body, &at); err != nil {
			return nil, wrap("list comments", err)
		}
		c.At = time.Unix(at, 0).UTC()
		comments = append(comments, c)
	}
	return comments, wrap("list comments", rows.Err())
}

// comment adds a comment to a talk.
func (s store) comment(ctx context.Context, talkID, userID int64, body string) error {
	_, err := s.exec(ctx,
		"INSERT INTO comments (talk_id, user_id, body, created_at) VALUES (?, ?, ?, ?)",
		talkID, userID, body, time.Now().Unix())
	return wrap("add comment", err)
}

// star stars a talk, or takes the star back. Doing it twice changes nothing.
func (s store) star(ctx context.Context, talkID, userID int64, on bool) error {
	query := "DELETE FROM stars WHERE talk_id = ? AND user_id = ?"
	if on {
		query = "INSERT INTO stars (talk_id, user_id) VALUES (?, ?) " + s.engine.starAgain
	}
	_, err := s.exec(ctx, query, talkID, userID)
	return wrap("star talk", err)
}

func (s store) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return s.db.QueryRowContext(ctx, s.engine.bind(query), args...)
}

func (s store) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.db.ExecContext(ctx, s.engine.bind(query), args...)
}

func rowError(what string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, errNotFound)
	}
	return wrap("read "+what, err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
