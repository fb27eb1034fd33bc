-- name: CopyNotes :copyfrom
INSERT INTO notes (id, title) VALUES ($1, $2);

-- name: RenameNotes :batchexec
UPDATE notes SET title = $2 WHERE id = $1;

-- name: PutNotes :batchone
INSERT INTO notes (id, title) VALUES ($1, $2) RETURNING id, title;

-- name: NotesTitled :batchmany
SELECT id, title FROM notes WHERE title = $1 ORDER BY id;
