-- name: ListNotes :many
SELECT id, title FROM notes ORDER BY id;

-- name: AddNote :one
INSERT INTO notes (id, title) VALUES ($1, $2) RETURNING *;

-- name: RenameNote :execrows
UPDATE notes SET title = $2 WHERE id = $1;

-- name: DeleteNote :exec
DELETE FROM notes WHERE id = $1;
