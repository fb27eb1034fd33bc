package pgx

import (
	"context"
	"database/sql/driver"
	"errors"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rows are pgx's own, whose end the guard hears of: a statement is over then, and
// what the guard has put up for it is taken down. They are used once, because a caller may close
// them again when the connection is somebody else's. They are no larger than pgxpool's.
//
// A connection has one at a time that is open for pgx. A program may close others late.
type rows struct {
	jackc.Rows
	session *session    // nil when they are at their end
	guard   driver.Rows // the guard's part of them; nil if there is none
}

// atOnce is how many rows a session makes at once, as pgxpool does.
const atOnce = 64

// taken returns rows that were not used yet.
func (s *session) taken(inner jackc.Rows) *rows {
	if len(s.rows) == 0 {
		s.rows = make([]rows, atOnce)
	}
	r := &s.rows[0]
	s.rows = s.rows[1:]
	r.Rows = inner
	return r
}

// opened returns rows that are open: the guard's, or if that is nil, those of a statement that
// has passed it.
func (s *session) opened(r *rows, guard driver.Rows, from *pgxpool.Conn) *rows {
	if r.session, r.guard = s, guard; guard == nil {
		s.direct--
	}
	if s.from = from; from == nil {
		s.open = r
	}
	return r
}

// rowsCloser is rows as the guard sees them.
type rowsCloser rows

func (*rowsCloser) Columns() []string                { return noDriverRows{}.Columns() }
func (*rowsCloser) Next(values []driver.Value) error { return noDriverRows{}.Next(values) }

func (c *rowsCloser) Close() error {
	c.Rows.Close()
	return c.Rows.Err()
}

func (r *rows) Close() { r.end() }

func (r *rows) end() {
	s := r.session
	if s == nil {
		return
	}
	r.session = nil
	if s.open == ender(r) {
		s.open = nil
	}
	if guard := r.guard; guard != nil {
		r.guard, s.unsent = nil, false
		if err := guard.Close(); err != nil && r.Rows.Err() == nil {
			r.Rows = failedRows(err) // of the commit of the guard's own transaction
		}
	} else {
		r.Rows.Close()
		s.leave(context.Background(), r.Rows.Err())
	}
	release(s.from)
}

func (r *rows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Scan closes the rows if it fails, as pgx does.
func (r *rows) Scan(dest ...any) error {
	err := r.Rows.Scan(dest...)
	if err != nil {
		r.Close()
	}
	return err
}

// Values closes the rows if it fails, as pgx does.
func (r *rows) Values() ([]any, error) {
	values, err := r.Rows.Values()
	if err != nil {
		r.Close()
	}
	return values, err
}

// row is the first of the rows of a QueryRow.
type row rows

var errDriverBytes = errors.New("cannot scan into *pgtype.DriverBytes from QueryRow")

// Scan does what that of pgx's own row does.
func (w *row) Scan(dest ...any) error {
	r := (*rows)(w)
	defer r.Close()
	if err := r.Err(); err != nil {
		return err
	}
	for _, d := range dest {
		if _, ok := d.(*pgtype.DriverBytes); ok {
			return errDriverBytes // which are not the caller's when the rows are closed
		}
	}
	if !r.Rows.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return jackc.ErrNoRows
	}
	r.Rows.Scan(dest...)
	r.Close()
	return r.Err()
}

// directRow is pgx's own row, of a statement that the off path has let pass.
type directRow struct {
	inner   jackc.Row
	session *session // nil when it is at its end
}

func (s *session) openedRow(inner jackc.Row, from *pgxpool.Conn) *directRow {
	if len(s.single) == 0 {
		s.single = make([]directRow, atOnce)
	}
	r := &s.single[0]
	s.single = s.single[1:]
	r.inner, r.session = inner, s
	if s.from = from; from == nil {
		s.open = r
	}
	return r
}

// Scan does what that of pgx's own row does, which has closed its rows when it returns.
func (r *directRow) Scan(dest ...any) error {
	s := r.session
	if s == nil {
		return r.inner.Scan(dest...)
	}
	r.session = nil
	if s.open == ender(r) {
		s.open = nil
	}
	s.direct++
	err := errPanicked
	defer func() { // also after a panic of a destination's, as in pgxpool
		s.passed(context.Background(), err)
		release(s.from)
	}()
	err = r.inner.Scan(dest...)
	return err
}

// end closes the rows of a row that nobody has scanned.
func (r *directRow) end() {
	if r.session != nil {
		r.Scan()
	}
}

// failed are the results of nothing that was sent: rows, a row and a batch, all with err.
func failed(err error) jackc.BatchResults { return jackc.FailedBatchResults(&jackc.Batch{}, err) }

func failedRows(err error) jackc.Rows {
	r, _ := failed(err).Query()
	return errRows{r, err}
}

// errRows do not panic where those of a pgx.Conn's do.
type errRows struct {
	jackc.Rows
	err error
}

func (errRows) FieldDescriptions() []pgconn.FieldDescription { return nil }
func (r errRows) Scan(...any) error                          { return r.err }
func (r errRows) Values() ([]any, error)                     { return nil, r.err }

// droppedRows are those of a query that was dropped: none, and no columns.
type droppedRows struct{ jackc.Rows }

func newDroppedRows() jackc.Rows { return droppedRows{failedRows(jackc.ErrNoRows)} }

func (droppedRows) Err() error { return nil }
