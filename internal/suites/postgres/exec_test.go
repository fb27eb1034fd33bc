package postgres

import (
	"context"
	"os"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// result is what one statement of a text returned.
type result struct {
	columns []string
	rows    [][][]byte
}

// input is the rows that COPY FROM STDIN reads. They are looked for when the server asks for
// them, since only then does the script have them.
type input struct {
	rows func() []byte
	used bool
}

// exec executes a text by the simple protocol, as psql does.
func (r *replay) exec(sql string, in *input) ([]result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	server := r.conn.Frontend()
	server.SendQuery(&pgproto3.Query{String: sql})
	if err := server.Flush(); err != nil {
		return nil, err
	}
	var results []result
	var failure error
	for {
		message, err := r.conn.ReceiveMessage(ctx)
		if err != nil {
			return nil, err // the connection is closed now
		}
		switch m := message.(type) {
		case *pgproto3.ReadyForQuery:
			return results, failure
		case *pgproto3.ErrorResponse:
			failure = pgconn.ErrorResponseToPgError(m)
		case *pgproto3.RowDescription:
			results = append(results, newResult(m))
		case *pgproto3.DataRow:
			if n := len(results); n > 0 {
				results[n-1].add(m)
			}
		case *pgproto3.CopyInResponse:
			if err := send(server, in); err != nil {
				return nil, err
			}
		}
	}
}

// send gives the server the rows that it asks for.
func send(server *pgproto3.Frontend, in *input) error {
	if in == nil || in.used {
		server.Send(&pgproto3.CopyFail{Message: "no rows"})
		return server.Flush()
	}
	in.used = true
	server.Send(&pgproto3.CopyData{Data: in.rows()})
	server.Send(&pgproto3.CopyDone{})
	return server.Flush()
}

func newResult(m *pgproto3.RowDescription) result {
	var one result
	for _, field := range m.Fields {
		one.columns = append(one.columns, string(field.Name))
	}
	return one
}

// add keeps a copy of a row: the next message overwrites it.
func (one *result) add(m *pgproto3.DataRow) {
	row := make([][]byte, len(m.Values))
	for i, value := range m.Values {
		if value != nil {
			row[i] = append([]byte{}, value...)
		}
	}
	one.rows = append(one.rows, row)
}

// ofSuite matches the file that COPY reads.
var ofSuite = regexp.MustCompile(`(?is)^(\s*copy\s.*\sfrom\s+)'([^']*)'`)

// client has this process, not the server, read what COPY takes from a data file of the suite.
func (r *replay) client(s *script, sql string) (string, *input) {
	if m := ofSuite.FindStringSubmatch(sql); m != nil && strings.HasPrefix(m[2], r.folder) {
		if rows, err := os.ReadFile(m[2]); err == nil {
			return m[1] + "STDIN" + sql[len(m[0]):], &input{rows: func() []byte { return rows }}
		}
	}
	return sql, &input{rows: func() []byte { return []byte(s.data()) }}
}
