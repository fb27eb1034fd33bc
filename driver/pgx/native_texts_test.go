package pgx_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	jackc "github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/sqlguard"
)

// rewriter makes another text of each.
type rewriter string

func (r rewriter) RewriteQuery(context.Context, *jackc.Conn, string, []any) (string, []any, error) {
	if r == "" {
		return "", nil, errors.New("no text")
	}
	return string(r), nil, nil
}

func TestATextIsJudgedNativelyAsTheServerGetsIt(t *testing.T) {
	e, pool := native(t, "")
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for name, text := range map[string]string{"one": "SELECT 7", "two": insert, "SELECT 8": insert} {
		if _, err := conn.Prepare(ctx, name, text); err != nil {
			t.Fatal(err)
		}
	}
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.ReadOnly} {
		e.Set(t, mode)
		for _, test := range []struct {
			text   string
			args   []any
			writes bool
		}{
			{text: "one"},
			{text: "two", writes: true},
			{text: "SELECT 8", writes: true},
			{text: insert, args: []any{rewriter("SELECT 7")}},
			{text: "SELECT 7", args: []any{rewriter(insert)}, writes: true},
			{text: "SELECT 7", args: []any{rewriter("one"), rewriter(insert)}, writes: true},
			{text: insert, args: []any{rewriter(insert), rewriter("SELECT 7")}},
			{text: "SELECT 7", args: []any{jackc.QueryExecModeExec, rewriter(insert)}, writes: true},
			{text: "SELECT @n::int", args: []any{jackc.NamedArgs{"n": 7}}},
			{text: "INSERT INTO u (a) VALUES (@n)", args: []any{jackc.NamedArgs{"n": 80}}, writes: true},
			{text: "INSERT INTO u (a) VALUES (@n)", args: []any{jackc.QueryExecModeExec, jackc.StrictNamedArgs{"n": 80}}, writes: true},
		} {
			var b jackc.Batch
			b.Queue(test.text, slices.DeleteFunc(slices.Clone(test.args), func(arg any) bool {
				_, is := arg.(jackc.QueryExecMode)
				return is // which a batch does not take
			})...)
			_, err := conn.Exec(ctx, test.text, test.args...)
			for _, err := range []error{err, conn.SendBatch(ctx, &b).Close()} {
				if mode == sqlguard.ReadOnly && test.writes {
					enginetest.Refused(t, test.text, err)
				} else if err != nil {
					t.Errorf("%s: %s with %v: %v", mode, test.text, test.args, err)
				}
			}
		}
		_, err := conn.Exec(ctx, "SELECT 1", rewriter(""))
		if err == nil || err.Error() != "rewrite query failed: no text" {
			t.Errorf("%s: a rewriter that fails: %v", mode, err)
		}
	}
}
