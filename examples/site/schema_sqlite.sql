-- Times are seconds since 1970, UTC.

CREATE TABLE users (
	id       INTEGER PRIMARY KEY,
	login    TEXT NOT NULL UNIQUE,
	name     TEXT NOT NULL,
	password TEXT NOT NULL,
	seen_at  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE talks (
	id       INTEGER PRIMARY KEY,
	title    TEXT NOT NULL,
	speaker  TEXT NOT NULL,
	abstract TEXT NOT NULL,
	-- A talk without a day is proposed, and not yet in the programme.
	day      INTEGER NOT NULL DEFAULT 0,
	starts   TEXT NOT NULL DEFAULT '',
	room     TEXT NOT NULL DEFAULT ''
) STRICT;

-- The view counter has a table of its own, so that the guard's policy can name
-- it: what is skipped while the site is read-only is this table and no other.
CREATE TABLE talk_views (
	talk_id INTEGER PRIMARY KEY REFERENCES talks (id),
	views   INTEGER NOT NULL
) STRICT;

CREATE TABLE comments (
	id         INTEGER PRIMARY KEY,
	talk_id    INTEGER NOT NULL REFERENCES talks (id),
	user_id    INTEGER NOT NULL REFERENCES users (id),
	body       TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX comments_of_talk ON comments (talk_id, id);

CREATE TABLE stars (
	talk_id INTEGER NOT NULL REFERENCES talks (id),
	user_id INTEGER NOT NULL REFERENCES users (id),
	PRIMARY KEY (talk_id, user_id)
) STRICT, WITHOUT ROWID;

-- The key that signs the log in cookies. It lives here so that a restart logs
-- nobody out.
CREATE TABLE session_key (
	id  INTEGER PRIMARY KEY CHECK (id = 1),
	key BLOB NOT NULL
) STRICT;
