package sqlite_test

import (
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

func TestCorpus(t *testing.T) {
	corpus.Verify(t, sqlite.Dialect{}, nil, "sqlite")
}
