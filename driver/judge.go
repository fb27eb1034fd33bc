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
	v, err := c.look(ctx, query, args)
	if err != nil {
		return admission{}, err
	}
	return c.admitted(ctx, query, v, len(args) > 0)
}

// look judges a text that was entered. If it is clear at once that it is refused, look
// leaves it, and returns the error.
func (c *conn) look(ctx context.Context, query string, args []driver.NamedValue) (*sqlguard.Verdict, error) {
	if len(query) > maxCachedText {
		if err := c.refusedByHead(ctx, query, args); err != nil {
			c.work.Leave()
			return nil, err
		}
	}
	return c.judge(ctx, query, args), nil
}

// onlyReads reports whether a text, which was entered, does nothing but read, so that it
// passes in every mode, under every policy, and in every transaction. Nobody need
// wait for it either: then onlyReads leaves it. It spares most texts the way through
// admitted, executed and queried, which would come to the same, unless the engine stands behind
// the guard, to which it may be no read.
func (c *conn) onlyReads(v *sqlguard.Verdict) bool {
	if !v.OnlyReads() || v.Functions && c.shadowed || c.netted {
		return false
	}
	c.work.Leave()
	return true
}

// hasRead notes how a text ended that only reads.
func (c *conn) hasRead(ctx context.Context, query string, v *sqlguard.Verdict, err error) error {
	if err != nil {
		c.work.Decide(ctx, v) // it passes; this notes the mode, which says what the error means
		a := admission{conn: c, ctx: ctx, query: query, verdict: v, decision: sqlguard.Pass}
		return a.executed(err)
	}
	return nil
}

// refusedByHead returns the error of a plain write that is too long for its verdict to
// be kept: that it is refused is clear from its first word, where the policy
// has no rule that could make an exception. Nothing else is decided here.
func (c *conn) refusedByHead(ctx context.Context, query string, args []driver.NamedValue) error {
	if c.head == nil || !c.work.RefusesWrites(ctx) {
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
