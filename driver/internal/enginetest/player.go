package enginetest

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
)

// Querier is a pool, a connection or a transaction.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Do executes what must succeed.
func (p *Player) Do(q Querier, query string, args ...any) {
	p.Helper()
	if _, err := q.ExecContext(context.Background(), query, args...); err != nil {
		p.Fatalf("%s: %v", query, err)
	}
}

// Exec executes a statement, and says how many rows were affected, or how it failed.
func (p *Player) Exec(q Querier, query string, args ...any) {
	result, err := q.ExecContext(context.Background(), query, args...)
	p.Result("exec", result, err)
}

// Result says the rows affected and the last id of a result.
func (p *Player) Result(what string, result sql.Result, err error) {
	if err != nil {
		p.Say(what, err)
		return
	}
	n, errAffected := result.RowsAffected()
	id, errID := result.LastInsertId()
	p.Say(what, n, errAffected, id, errID)
}

// Rows queries, and says each row of each set of results as the driver gives it.
func (p *Player) Rows(q Querier, query string, args ...any) {
	p.Helper()
	rows, err := q.QueryContext(context.Background(), query, args...)
	if err != nil {
		p.Say("query", err)
		return
	}
	p.Read(rows)
}

// Read says what is left to read of rows, and closes them.
func (p *Player) Read(rows *sql.Rows) {
	p.Helper()
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		columns, err := rows.Columns()
		if err != nil {
			p.Say("columns", err)
			return
		}
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				p.Say("scan", err)
				return
			}
			p.Say("row", values...)
		}
	}
	if err := rows.Err(); err != nil {
		p.Say("rows", err)
	}
}

// Scan queries one row into the destinations, and says what is in them.
func (p *Player) Scan(query string, into ...any) {
	p.Helper()
	p.ScanWith(query, nil, into...)
}

// ScanWith is Scan with arguments.
func (p *Player) ScanWith(query string, args []any, into ...any) {
	p.Helper()
	if err := p.DB.QueryRow(query, args...).Scan(into...); err != nil {
		p.Say("scan", err)
		return
	}
	values := make([]any, len(into))
	for i, v := range into {
		values[i] = reflect.ValueOf(v).Elem().Interface()
	}
	p.Say("scan", values...)
}

// ColumnTypes says all that is known of the columns of a query.
func (p *Player) ColumnTypes(query string) {
	p.Helper()
	rows, err := p.DB.Query(query)
	if err != nil {
		p.Say("query", err)
		return
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		p.Say("column types", err)
		return
	}
	for _, c := range types {
		p.Say(c.Name(), describedColumn(c))
	}
}

func describedColumn(c *sql.ColumnType) string {
	s := c.DatabaseTypeName() + " " + fmt.Sprint(c.ScanType())
	if n, ok := c.Length(); ok {
		s += fmt.Sprint(" length ", n)
	}
	if precision, scale, ok := c.DecimalSize(); ok {
		s += fmt.Sprint(" decimal ", precision, ",", scale)
	}
	if null, ok := c.Nullable(); ok {
		s += fmt.Sprint(" nullable ", null)
	}
	return s
}

// Begin begins a transaction.
func (p *Player) Begin(opts *sql.TxOptions) *sql.Tx {
	p.Helper()
	tx, err := p.DB.BeginTx(context.Background(), opts)
	if err != nil {
		p.Fatal(err)
	}
	return tx
}

// Pinned takes a connection out of the pool, which the scenario must close.
func (p *Player) Pinned() *sql.Conn {
	p.Helper()
	conn, err := p.DB.Conn(context.Background())
	if err != nil {
		p.Fatal(err)
	}
	return conn
}

// Prepare prepares a statement.
func (p *Player) Prepare(query string) *sql.Stmt {
	p.Helper()
	stmt, err := p.DB.Prepare(query)
	if err != nil {
		p.Fatal(err)
	}
	return stmt
}

// Interrupted returns a context that is cancelled once the server works on a long
// statement, and what must be called when that is over.
func (p *Player) Interrupted() (interrupted context.Context, stop func()) {
	p.Helper()
	watch := p.pools.Open(p.TB, "", nil)
	interrupted, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() {
		defer cancel()
		for busy := false; !busy; {
			if err := watch.QueryRowContext(interrupted, p.pools.Busy).Scan(&busy); err != nil {
				over <- err
				return
			}
		}
		over <- nil
	}()
	return interrupted, func() {
		p.Helper()
		cancel()
		if err := <-over; err != nil {
			p.Errorf("the statement was over before the server was seen to work on it: %v", err)
		}
		watch.Close()
	}
}
