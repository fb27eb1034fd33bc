package pgx

import (
	"context"
	"strings"

	jackc "github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// copyFrom has the guard judge the COPY that pgx will send, and copies. It
// returns no rows and no error if it was dropped, and then has read nothing of source.
func (s *session) copyFrom(ctx context.Context, table jackc.Identifier, columns []string, source jackc.CopyFromSource) (n int64, err error) {
	err = s.run(ctx, copyText(table, columns), func(ctx context.Context) error {
		n, err = s.raw.CopyFrom(ctx, table, columns, source)
		return err
	})
	return n, err
}

// copyText returns the text of a COPY into a table.
func copyText(table jackc.Identifier, columns []string) string {
	var b strings.Builder
	b.WriteString("COPY " + table.Sanitize() + " (")
	for i, column := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(jackc.Identifier{column}.Sanitize())
	}
	b.WriteString(") FROM STDIN BINARY")
	return b.String()
}

// prepare prepares a statement, and notes what its name stands for. To prepare is not
// to execute: the guard looks at each execution.
func (s *session) prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	d, err := s.raw.Prepare(ctx, name, sql)
	if err == nil && name != "" {
		if s.prepared == nil {
			s.prepared = make(map[string]string)
		}
		s.prepared[name] = d.SQL
	}
	return d, err
}
