package pgx

import (
	"database/sql/driver"
	"errors"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rows are pgx's own, whose end the guard hears of: a statement is over then, and
// what the guard has put up for it is taken down. They are used once, because a caller may close
// them again when the connection is somebody else's.
type rows struct {
	jackc.Rows
	guard driver.Rows   // nil when they are at their end
	from  *pgxpool.Conn // to be released; may be nil
}

// atOnce is how many rows a session makes at once, as pgxpool does.
const atOnce = 64

// newRows returns the next rows, which taken returns too.
func (s *session) newRows() *rows {
	if len(s.rows) == 0 {
		s.rows = make([]rows, atOnce)
	}
	return &s.rows[0]
}

func (s *session) taken() *rows {
	r := &s.rows[0]
	s.rows = s.rows[1:]
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
	guard := r.guard
	if guard == nil {
		return
	}
	r.guard = nil
	guard.Close()
	from := r.from
	r.from = nil
	release(from)
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

// failed are the results of nothing that was sent: rows, a row and a batch, all with err.
func failed(err error) jackc.BatchResults { return jackc.FailedBatchResults(&jackc.Batch{}, err) }

func failedRows(err error) jackc.Rows {
	r, _ := failed(err).Query()
	return r
}

// droppedRows are those of a query that was dropped: none, and no columns.
type droppedRows struct{ jackc.Rows }

func newDroppedRows() jackc.Rows { return droppedRows{failedRows(jackc.ErrNoRows)} }

func (droppedRows) Err() error                                   { return nil }
func (droppedRows) FieldDescriptions() []pgconn.FieldDescription { return nil }
