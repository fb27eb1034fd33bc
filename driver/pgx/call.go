package pgx

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// call is what is to be run on a session, and what came of it.
type call struct {
	session *session
	args    []any
	batch   *jackc.Batch                // in place of a text
	do      func(context.Context) error // in place of a text

	rewritten bool   // text is what is sent
	text      string // with args
	judged    string // what the server makes of it
	failed    error  // why there is nothing to be sent

	sent    bool // to pgx
	tag     pgconn.CommandTag
	rows    jackc.Rows // those of an error
	taken   *rows      // those that were opened
	results *batchResults
}

// plainCall is a call whose text is what the server gets.
type plainCall call

// RewriteQuery has the guard ask bareRewrite. It is not called.
func (*call) RewriteQuery() {}

// calling notes a call, and returns what stands for it in the arguments of the guard.
func (s *session) calling(args []any) []driver.NamedValue {
	s.judged++
	c := &s.call
	c.args, c.sent, c.rewritten, c.tag = args, false, false, pgconn.CommandTag{}
	if c.do != nil || c.batch != nil || c.failed != nil || c.rows != nil || c.results != nil { // rarely
		c.do, c.batch, c.failed, c.rows, c.results = nil, nil, nil, nil, nil
	}
	if s.prepared == nil && !hasOptions(args) {
		return s.plain[:]
	}
	return s.other[:]
}

// called follows a call. What came of it stays, but not what was to be run, which may be large.
func (s *session) called() {
	s.judged--
	s.call.args, s.call.do, s.call.batch = nil, nil, nil
}

// hasOptions reports whether the first argument may be one of pgx's options.
func hasOptions(args []any) bool {
	if len(args) == 0 {
		return false
	}
	switch args[0].(type) {
	case nil, string, int, int64, int32, bool, []byte, float64:
		return false
	}
	return true
}

// bareRewrite returns the text that the server gets for a call. While a mode is on, a
// QueryRewriter is called here, once, and what it makes of the call is what is sent.
func bareRewrite(ctx context.Context, query string, args []driver.NamedValue) (text string, known bool) {
	c, ok := args[0].Value.(*call)
	if !ok {
		return query, true
	}
	if !c.rewritten && c.failed == nil {
		c.rewrite(ctx, query)
	}
	if c.failed != nil {
		return "", true // nothing is sent
	}
	return c.judged, true
}

func (c *call) rewrite(ctx context.Context, query string) {
	s, before := c.session, *c // for a rewriter may run something on the connection
	if c.batch != nil {
		text, err := s.batchText(ctx, c.batch)
		*c = before
		c.rewritten, c.judged, c.failed = true, text, err
		return
	}
	text, args, err := s.options(ctx, query, c.args)
	*c = before
	c.rewritten, c.text, c.args, c.failed = true, text, args, err
	c.judged = s.textOf(text)
}

// options does what pgx does with the options in front of the arguments, but
// for those that say how to run the text, which it leaves. As in pgx, the last rewriter counts.
func (s *session) options(ctx context.Context, text string, args []any) (string, []any, error) {
	var rewriter jackc.QueryRewriter
	var kept []any
	rest := args
loop:
	for len(rest) > 0 {
		switch arg := rest[0].(type) {
		case jackc.QueryExecMode, jackc.QueryResultFormats, jackc.QueryResultFormatsByOID:
			kept = append(kept, arg)
		case jackc.QueryRewriter:
			rewriter = arg
		default:
			break loop
		}
		rest = rest[1:]
	}
	if rewriter == nil {
		return text, args, nil
	}
	text, rest, err := rewriter.RewriteQuery(ctx, s.raw, text, rest)
	if err != nil {
		return "", nil, fmt.Errorf("rewrite query failed: %w", err)
	}
	if hasOptions(rest) {
		rest = []any{&rewritten{text, rest}}
	}
	return text, append(kept, rest...), nil
}

// rewritten keeps pgx from taking the first of the arguments that a rewriter has made for an option: for
// another rewriter, which would replace the text after it was judged.
type rewritten struct {
	text string
	args []any
}

func (r *rewritten) RewriteQuery(context.Context, *jackc.Conn, string, []any) (string, []any, error) {
	return r.text, r.args, nil
}

// textOf returns the text of a statement that was prepared under a name, which pgx
// executes where a text is its name, or the text itself.
func (s *session) textOf(text string) string {
	if known, ok := s.prepared[text]; ok {
		return known
	}
	return text
}

// apart stands between the texts of a batch. No text that PostgreSQL gets has one, for it ends
// a string of its protocol.
const apart = "\x00"

// batchText returns the texts of a batch, each with an apart behind it, after their
// rewriters were called.
func (s *session) batchText(ctx context.Context, b *jackc.Batch) (string, error) {
	var all strings.Builder
	for _, q := range b.QueuedQueries {
		if hasOptions(q.Arguments) {
			var err error
			if q.SQL, q.Arguments, err = s.options(ctx, q.SQL, q.Arguments); err != nil {
				return "", err
			}
		}
		text := q.SQL
		if !s.simple { // in which a batch knows no names
			text = s.textOf(text)
		}
		all.WriteString(text)
		all.WriteString(apart)
	}
	return all.String(), nil
}

// dialect is PostgreSQL's, for batches too.
type dialect struct{ postgres.Dialect }

// Classify judges the texts of a batch each for itself, so that none can hide in another.
func (d dialect) Classify(sql string) sqlguard.Verdict {
	texts, isBatch := strings.CutSuffix(sql, apart)
	if !isBatch {
		return d.Dialect.Classify(sql)
	}
	var parts []sqlguard.Verdict
	for _, text := range strings.Split(texts, apart) {
		v := d.Dialect.Classify(text)
		if len(v.Parts) > 0 {
			parts = append(parts, v.Parts...)
		} else {
			parts = append(parts, v)
		}
	}
	return sqlguard.Combine(parts)
}
