package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// attempts bounds how often a call is made that the server rolls back.
const attempts = 5

// call runs f, and once more where the database has rolled back what it did: after a
// deadlock or a failed serialization a few times, and while a SQLite file is locked until the context is over, because its own
// waiting heeds no context. Its error names the method.
func (s *Store) call(ctx context.Context, method string, f func(q querier) error) error {
	for n := 1; ; n++ {
		err := f(s.db)
		if err == nil {
			return nil
		}
		fault := faultOf(err)
		if ctx.Err() != nil || fault == lasting || fault == rolledBack && n >= attempts {
			return failed(ctx, method, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(min(n, 10)) * 2 * time.Millisecond):
		}
	}
}

// failed returns the error of a method. After the context is over it is the context's as well, whatever the
// driver makes of that.
func failed(ctx context.Context, method string, err error) error {
	if over := ctx.Err(); over != nil && !errors.Is(err, over) {
		return fmt.Errorf("the store: %s: %w (%w)", method, over, err)
	}
	return fmt.Errorf("the store: %s: %w", method, err)
}

// endsIfStopped has the server end a transaction whose process does not go on with it: one that is stopped in the
// middle of a heartbeat (SIGSTOP, a suspended machine) would keep everybody from changing the mode, and the fleet from being
// opened. MariaDB has a limit for that; MySQL, to which it is a comment, has one for sessions.
const endsIfStopped = "SET SESSION /*M!100300 idle_transaction_timeout = 2, */ wait_timeout = 8"

// transaction is call with a transaction around f.
func (s *Store) transaction(ctx context.Context, method string, f func(q querier) error) error {
	return s.call(ctx, method, func(querier) error {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing once it is committed
		if s.dialect.name == MySQL {
			if _, err := tx.ExecContext(ctx, endsIfStopped); err != nil {
				return err
			}
		}
		if err := f(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// fault is what may be done after an error.
type fault int

const (
	lasting    fault = iota // nothing
	rolledBack              // the same once more: the server has undone it
	busy                    // the same once more, as soon as others are done
)

// faultOf tells by what drivers say of an error: pgx by a method SQLState (40001 serialization_failure, 40P01 deadlock_detected),
// modernc's SQLite by a method Code (5 SQLITE_BUSY, 6 SQLITE_LOCKED, in its lower byte), go-sql-driver by a field Number (1213
// ER_LOCK_DEADLOCK, 1205 ER_LOCK_WAIT_TIMEOUT, 1020 ER_CHECKREAD, of MariaDB's snapshot isolation).
func faultOf(err error) fault {
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		if s := state.SQLState(); s == "40001" || s == "40P01" {
			return rolledBack
		}
		return lasting
	}
	var code interface{ Code() int }
	if errors.As(err, &code) {
		if c := code.Code() & 0xff; c == 5 || c == 6 {
			return busy
		}
		return lasting
	}
	for ; err != nil; err = errors.Unwrap(err) {
		switch number(err) {
		case 1213, 1205, 1020:
			return rolledBack
		}
	}
	return lasting
}

// number returns the field Number of an error; 0 if it has none.
func number(err error) uint64 {
	v := reflect.ValueOf(err)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return 0
	}
	if f := v.Elem().FieldByName("Number"); f.IsValid() && f.CanUint() {
		return f.Uint()
	}
	return 0
}

// each calls f for each row that a query returns.
func each(rows *sql.Rows, err error, f func(scan func(...any) error) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
