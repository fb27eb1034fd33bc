package pgx

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"strings"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quiescehq/quiesce/driver"
)

// beginWith begins a transaction and takes the fence in one text: pgx sends what has no
// arguments by the simple protocol, which takes several statements. It does without pgx's own BeginTx, which
// drops the connection if the text fails.
func beginWith(ctx context.Context, c sqldriver.Conn, opts sqldriver.TxOptions, texts []string) (sqldriver.Tx, error) {
	own, ok := driver.Find[*stdlib.Conn](c)
	if !ok {
		return nil, errNotPgx
	}
	level, err := levelOf(opts.Isolation)
	if err != nil {
		return nil, err
	}
	t := &textTx{conn: own.Conn()}
	if err := t.begin(ctx, jackc.TxOptions{IsoLevel: level}, texts); err != nil {
		return nil, err
	}
	return t, nil
}

var errNotPgx = errors.New("driver/pgx: the connection is not one of pgx's stdlib, which this configuration is for")

// levelOf maps as stdlib does.
func levelOf(level sqldriver.IsolationLevel) (jackc.TxIsoLevel, error) {
	switch sql.IsolationLevel(level) {
	case sql.LevelDefault:
		return "", nil
	case sql.LevelReadUncommitted:
		return jackc.ReadUncommitted, nil
	case sql.LevelReadCommitted:
		return jackc.ReadCommitted, nil
	case sql.LevelRepeatableRead, sql.LevelSnapshot:
		return jackc.RepeatableRead, nil
	case sql.LevelSerializable:
		return jackc.Serializable, nil
	}
	return "", fmt.Errorf("unsupported isolation: %v", level)
}

// textTx is a transaction that texts begin and end.
type textTx struct {
	conn *jackc.Conn
	ctx  context.Context // of its beginning, with which it ends, as in stdlib
}

func (t *textTx) begin(ctx context.Context, o jackc.TxOptions, texts []string) error {
	t.ctx = ctx
	text := o.BeginQuery
	if text == "" {
		words := []string{"begin"}
		if o.IsoLevel != "" {
			words = append(words, "isolation level", string(o.IsoLevel))
		}
		words = append(words, string(o.AccessMode), string(o.DeferrableMode))
		text = strings.TrimSpace(strings.Join(words, " "))
	}
	_, err := t.conn.Exec(ctx, text+"; "+strings.Join(texts, "; "))
	if err != nil {
		t.rollback(context.WithoutCancel(ctx))
	}
	return err
}

// Commit does what that of pgx's own transaction does.
func (t *textTx) Commit() error { return t.commit(t.ctx, "commit") }

func (t *textTx) Rollback() error { return t.rollback(t.ctx) }

func (t *textTx) commit(ctx context.Context, text string) error {
	tag, err := t.conn.Exec(ctx, text)
	if err != nil {
		if t.conn.PgConn().TxStatus() != 'I' {
			t.conn.Close(context.WithoutCancel(ctx))
		}
		return err
	}
	if tag.String() == "ROLLBACK" {
		return jackc.ErrTxCommitRollback
	}
	return nil
}

func (t *textTx) rollback(ctx context.Context) error {
	_, err := t.conn.Exec(ctx, "rollback")
	if err != nil { // the server will do it
		t.conn.Close(context.WithoutCancel(ctx))
	}
	return err
}
