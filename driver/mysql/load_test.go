package mysql_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"testing"

	gosql "github.com/go-sql-driver/mysql"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
	"github.com/quiescehq/quiesce/sqlguard"
)

// load loads rows as the package's documentation says: a goroutine writes them into a
// pipe, which is closed when the load is over, however it went. It returns how the
// load and the goroutine ended.
func load(ctx context.Context, db *sql.DB, from int) (loaded, written error) {
	r, w := io.Pipe()
	gosql.RegisterReaderHandler("rows", func() io.Reader { return r })
	defer gosql.DeregisterReaderHandler("rows")
	done := make(chan error, 1)
	go func() {
		for i := range 3 {
			if _, err := fmt.Fprintf(w, "%d\tloaded\n", from+i); err != nil {
				done <- err
				return
			}
		}
		done <- w.Close()
	}()
	_, loaded = db.ExecContext(ctx, "LOAD DATA LOCAL INFILE 'Reader::rows' INTO TABLE t")
	r.CloseWithError(loaded)
	return loaded, <-done
}

func TestALoadIsRefusedBeforeItsReaderIsAskedFor(t *testing.T) {
	e := engine(t, "")
	e.Set(t, sqlguard.ReadOnly)
	gosql.RegisterReaderHandler("unasked", func() io.Reader {
		t.Error("the reader was asked for")
		return nil
	})
	defer gosql.DeregisterReaderHandler("unasked")
	const text = "LOAD DATA LOCAL INFILE 'Reader::unasked' INTO TABLE t"
	for _, query := range []string{text, "SELECT 1; " + text, "/*!50000 " + text + " */", "LOAD/**/ DATA LOCAL INFILE 'Reader::unasked' REPLACE INTO TABLE t"} {
		_, err := e.DB.Exec(query)
		enginetest.Refused(t, query, err)
		rows, err := e.DB.Query(query)
		enginetest.RefusedRows(t, query+", queried", rows, err)
	}
}

func TestTheWriterOfALoadIsReleased(t *testing.T) {
	e := engine(t, "")
	count := func() (n int) {
		t.Helper()
		if err := e.DB.QueryRow("SELECT count(*) FROM t WHERE a = 'loaded'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if loaded, written := load(ctx, e.DB, 10); loaded != nil || written != nil || count() != 3 {
		t.Fatalf("with the mode off: load %v, writer %v, and %d rows; want 3", loaded, written, count())
	}
	e.Set(t, sqlguard.ReadOnly)
	loaded, written := load(ctx, e.DB, 20)
	enginetest.Refused(t, "the load", loaded)
	enginetest.Refused(t, "the writer's end", written)
	if loaded, written := load(sqlguard.WithBypass(ctx, "test"), e.DB, 30); loaded != nil || written != nil {
		t.Errorf("bypassed: load %v, writer %v", loaded, written)
	}
	if n := count(); n != 6 {
		t.Errorf("%d rows were loaded, want the 6 that were not refused", n)
	}
}
