package driver

import (
	"context"
	"database/sql/driver"
	"reflect"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// judge returns the verdict on the text that the engine will get, which must not be
// changed.
func (c *conn) judge(ctx context.Context, query string, args []driver.NamedValue) *sqlguard.Verdict {
	text, known := c.sent(ctx, query, args)
	if !known {
		v := sqlguard.NotUnderstood("an argument replaces the text of the statement")
		return &v
	}
	return c.classify(text)
}

// admitText judges a text and decides on it, right before it would be sent.
func (c *conn) admitText(ctx context.Context, query string, args []driver.NamedValue) (admission, error) {
	if err := c.refusedByHead(ctx, query, args); err != nil {
		c.work.Leave()
		return admission{}, err
	}
	return c.admitted(ctx, query, c.judge(ctx, query, args), len(args) > 0)
}

// refusedByHead returns the error of a plain write that is too long for its verdict to
// be kept: that it is refused is clear from its first word, where the policy
// has no rule that could make an exception. Nothing else is decided here.
func (c *conn) refusedByHead(ctx context.Context, query string, args []driver.NamedValue) error {
	if len(query) <= maxCachedText || c.head == nil || !c.work.RefusesWrites(ctx) {
		return nil
	}
	if text, known := c.sent(ctx, query, args); !known || text != query {
		return nil
	}
	v, ok := c.head.ClassifyHead(query)
	if !ok {
		return nil
	}
	decision, err := c.work.Decide(ctx, &v)
	if decision != sqlguard.Refuse {
		return nil // the mode went off in between
	}
	c.settle()
	c.transaction.doom(err)
	return err
}

// sent returns the text that the engine gets for a query: itself, or what its
// arguments make of it. It is not known where nobody can look through them.
func (c *conn) sent(ctx context.Context, query string, args []driver.NamedValue) (text string, known bool) {
	for i := range args {
		if !rewrites(args[i].Value) {
			continue
		}
		if c.rewrite == nil {
			return "", false
		}
		return c.rewrite(ctx, query, args)
	}
	return query, true
}

// rewriteMethod is the method of pgx's QueryRewriter.
const rewriteMethod = "RewriteQuery"

// rewrites reports whether an argument may replace the text. It goes by the
// method's name, because the core knows no driver, and a driver may be wrapped
// without its adapter.
func rewrites(arg any) bool {
	switch arg.(type) {
	case nil, int64, float64, bool, []byte, string, time.Time:
		return false // what database/sql makes of most arguments
	}
	t := reflect.TypeOf(arg)
	if t.NumMethod() == 0 {
		return false
	}
	_, has := t.MethodByName(rewriteMethod)
	return has
}

// underShadow returns a verdict as it is where names may resolve to other
// objects than the dialect knows: what calls any function is then unproven, and
// nobody can vouch for it by name.
func underShadow(v *sqlguard.Verdict) *sqlguard.Verdict {
	w := *v
	w.Parts = nil
	w.Why = "calls a function, after the search path was changed on this connection"
	if w.Class != 0 && w.Class < sqlguard.Write {
		w.Class, w.Calls = sqlguard.Unproven, nil
	} else {
		w.Complete = false
	}
	return &w
}
