-- Times are seconds since 1970, UTC. The collation tells "Ada" from "ada" and from
-- "ádá", as the other engines do.

CREATE TABLE users (
	id       BIGINT AUTO_INCREMENT PRIMARY KEY,
	login    VARCHAR(100) NOT NULL UNIQUE,
	name     VARCHAR(200) NOT NULL,
	password VARCHAR(200) NOT NULL,
	seen_at  BIGINT NOT NULL DEFAULT 0
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE talks (
	id       BIGINT AUTO_INCREMENT PRIMARY KEY,
	title    VARCHAR(200) NOT NULL,
	speaker  VARCHAR(200) NOT NULL,
	abstract TEXT NOT NULL,
	-- A talk without a day is proposed, and not yet in the programme.
	day      INTEGER NOT NULL DEFAULT 0,
	starts   VARCHAR(20) NOT NULL DEFAULT '',
	room     VARCHAR(200) NOT NULL DEFAULT ''
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The view counter has a table of its own, so that the guard's policy can name
-- it: what is skipped while the site is read-only is this table and no other.
CREATE TABLE talk_views (
	talk_id BIGINT PRIMARY KEY,
	views   BIGINT NOT NULL,
	FOREIGN KEY (talk_id) REFERENCES talks (id)
) ENGINE = InnoDB;

CREATE TABLE comments (
	id         BIGINT AUTO_INCREMENT PRIMARY KEY,
	talk_id    BIGINT NOT NULL,
	user_id    BIGINT NOT NULL,
	body       TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	INDEX comments_of_talk (talk_id, id),
	FOREIGN KEY (talk_id) REFERENCES talks (id),
	FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE stars (
	talk_id BIGINT NOT NULL,
	user_id BIGINT NOT NULL,
	PRIMARY KEY (talk_id, user_id),
	FOREIGN KEY (talk_id) REFERENCES talks (id),
	FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB;

-- The key that signs the log in cookies. It lives here so that a restart logs
-- nobody out.
CREATE TABLE session_key (
	id    INTEGER PRIMARY KEY CHECK (id = 1),
	`key` VARBINARY(255) NOT NULL
) ENGINE = InnoDB;

-- Gets its row when all the others are there.
CREATE TABLE site_schema (version INTEGER PRIMARY KEY) ENGINE = InnoDB;
