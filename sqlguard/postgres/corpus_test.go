package postgres_test

import (
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

func TestCorpus(t *testing.T) {
	corpus.Verify(t, postgres.Dialect{}, knownRefusals, "postgres")
}
