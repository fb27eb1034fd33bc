package mysql_test

import (
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
)

func TestCorpus(t *testing.T) {
	corpus.Verify(t, mysql.Dialect{}, map[string]string{
		`SELECT "a\"; DELETE FROM t; -- "`: "with NO_BACKSLASH_ESCAPES this deletes",
	}, "mysql", "mysql8", "mariadb")
}
