-- name: CopyNotes :copyfrom
INSERT INTO notes (id, title) VALUES ($1, $2);

-- name: RenameNotes :batchexec
UPDATE notes SET title = $2 WHERE id = $1;
