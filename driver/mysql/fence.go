package mysql

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"

	"github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver"
)

// beginFence begins a transaction and takes the fence in one statement.
const beginFence = "CALL quiesce_fence_begin()"

// beginWith begins a transaction that takes the fence by the procedure that package fence installs. Where it is not
// there (a dump has no procedures unless it was asked for them), or the account may not call it, that takes two statements.
func beginWith(ctx context.Context, c sqldriver.Conn, opts sqldriver.TxOptions, _ []string) (sqldriver.Tx, error) {
	own, ok := driver.Find[sqldriver.ExecerContext](c)
	if !ok || sql.IsolationLevel(opts.Isolation) != sql.LevelDefault {
		return nil, sqldriver.ErrSkip
	}
	t := textTx{c, own}
	_, err := own.ExecContext(ctx, beginFence, nil)
	var refused *mysql.MySQLError
	switch {
	case err == nil:
		return t, nil
	case errors.As(err, &refused) && (refused.Number == 1305 || refused.Number == 1370): // ER_SP_DOES_NOT_EXIST, ER_PROCACCESS_DENIED_ERROR
		return nil, sqldriver.ErrSkip
	}
	t.Rollback()
	return nil, err
}

// textTx is a transaction that texts begin and end.
type textTx struct {
	conn  sqldriver.Conn
	execs sqldriver.ExecerContext
}

func (t textTx) Commit() error { return t.exec("COMMIT") }

// Rollback closes a connection that cannot do it: the server will.
func (t textTx) Rollback() error {
	err := t.exec("ROLLBACK")
	if err != nil {
		t.conn.Close()
	}
	return err
}

func (t textTx) exec(text string) error {
	_, err := t.execs.ExecContext(context.Background(), text, nil)
	if errors.Is(err, sqldriver.ErrBadConn) {
		return mysql.ErrInvalidConn // as the driver's own transaction
	}
	return err
}
