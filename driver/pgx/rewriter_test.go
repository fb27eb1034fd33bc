package pgx_test

import (
	"context"
	"database/sql"
	"testing"

	jackc "github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/sqlguard"
)

// evil is a QueryRewriter that makes a write of any text.
type evil struct{}

func (evil) RewriteQuery(context.Context, *jackc.Conn, string, []any) (string, []any, error) {
	return "INSERT INTO u (a) VALUES (99) RETURNING a", nil, nil
}

func TestArgumentsThatReplaceTheText(t *testing.T) {
	e := engine(t, "")
	query := func(text string, args ...any) (id int, err error) {
		err = e.DB.QueryRow(text, args...).Scan(&id)
		return id, err
	}
	if id, err := query("SELECT 1", evil{}); err != nil || id != 99 {
		t.Fatalf("with the mode off, the rewriter gives %d, %v; want 99", id, err)
	}
	e.Set(t, sqlguard.ReadOnly)
	_, err := query("SELECT 1", evil{})
	enginetest.Refused(t, "a rewriter", err)
	_, err = query("SELECT 1", jackc.QueryExecModeExec, evil{})
	enginetest.Refused(t, "a rewriter behind an option", err)
	if id, err := query("SELECT id FROM t WHERE id = @id", jackc.NamedArgs{"id": 2}); err != nil || id != 2 {
		t.Errorf("named arguments give %d, %v; want 2", id, err)
	}
	if id, err := query("SELECT id FROM t WHERE id = @id", jackc.StrictNamedArgs{"id": 2}); err != nil || id != 2 {
		t.Errorf("strict named arguments give %d, %v; want 2", id, err)
	}
	if id, err := query("SELECT id FROM t WHERE id = @id", jackc.StructArgs(struct {
		ID int `db:"id"`
	}{2})); err != nil || id != 2 {
		t.Errorf("a struct's fields as arguments give %d, %v; want 2", id, err)
	}
	if id, err := query("SELECT id FROM t WHERE id = @id", jackc.QueryExecModeExec, jackc.NamedArgs{"id": 2}); err != nil || id != 2 {
		t.Errorf("named arguments behind a mode give %d, %v; want 2", id, err)
	}
	_, err = query("SELECT id FROM t WHERE id = @id", jackc.NamedArgs{"id": 2}, evil{})
	enginetest.Refused(t, "a rewriter beside another", err)
	_, err = query("SELECT id FROM t WHERE id = @id", jackc.QueryResultFormats{0}, jackc.NamedArgs{"id": 2})
	enginetest.Refused(t, "named arguments behind formats, which Exec does not know", err)
	_, err = e.DB.Exec("INSERT INTO u (a) VALUES (@a)", jackc.NamedArgs{"a": 1})
	enginetest.Refused(t, "an insert with named arguments", err)

	// Behind an ordinary argument it is a value, and the text is what is sent.
	_, err = e.DB.Exec("INSERT INTO u (a) VALUES ($1)", 1, jackc.NamedArgs{"a": 1})
	enginetest.Refused(t, "an insert with named arguments behind others", err)
	if _, err = query("SELECT $1::int", 1, evil{}); sqlguard.IsReadOnly(err) {
		t.Errorf("a read with a rewriter that pgx does not call is refused: %v", err)
	}
	var rows int
	if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a = 99").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows were written (%v), want the one that was while the mode was off", rows, err)
	}
}

// pgx has more ways to be given a rewriter than as the plain value.
func TestNoRewriterGetsPastTheGuard(t *testing.T) {
	e := engine(t, "")
	e.Set(t, sqlguard.ReadOnly)
	stmt, err := e.DB.Prepare("SELECT $1::int")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	writes := jackc.NamedArgs{"a": 1}
	for name, args := range map[string][]any{
		"alone":                        {evil{}},
		"by its address":               {&evil{}},
		"with a name":                  {sql.Named("a", evil{})},
		"behind a mode":                {jackc.QueryExecModeSimpleProtocol, evil{}},
		"behind two modes":             {jackc.QueryExecModeExec, jackc.QueryExecModeDescribeExec, evil{}},
		"behind formats":               {jackc.QueryResultFormats{1}, evil{}},
		"behind formats by type":       {jackc.QueryResultFormatsByOID{23: 1}, evil{}},
		"behind formats and a mode":    {jackc.QueryResultFormats{1}, jackc.QueryExecModeExec, evil{}},
		"behind named arguments":       {writes, evil{}},
		"behind strict ones":           {jackc.StrictNamedArgs{}, evil{}},
		"behind a mode and named ones": {jackc.QueryExecModeExec, writes, evil{}},
		"before named arguments":       {evil{}, writes},
		"before arguments":             {evil{}, 1},
	} {
		rows, err := e.DB.Query("SELECT 1", args...)
		enginetest.RefusedRows(t, "a query with a rewriter "+name, rows, err)
		_, err = e.DB.Exec("SELECT 1", args...)
		enginetest.Refused(t, "an exec with a rewriter "+name, err)
	}
	rows, err := stmt.Query(evil{}) // it is one argument, as the statement has one
	enginetest.RefusedRows(t, "a prepared query with a rewriter", rows, err)
	_, err = stmt.Exec(evil{})
	enginetest.Refused(t, "a prepared exec with a rewriter", err)
	var n int
	if err := e.DB.QueryRow("SELECT count(*) FROM u WHERE a = 99").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows were written (%v), want none", n, err)
	}
}
