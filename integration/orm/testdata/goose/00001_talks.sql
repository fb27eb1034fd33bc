-- +goose Up
CREATE TABLE talks (id INTEGER PRIMARY KEY, title VARCHAR(100) NOT NULL);
INSERT INTO talks (id, title) VALUES (1, 'first');

-- +goose Down
DROP TABLE talks;
