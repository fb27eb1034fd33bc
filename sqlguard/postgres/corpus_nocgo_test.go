//go:build !cgo

package postgres_test

import (
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// Without the parser more is refused: EXPLAIN with options, COPY, common table
// expressions with a list of columns, PREPARE.
func TestCorpus(t *testing.T) {
	corpus.VerifyStricter(t, postgres.Dialect{}, 0.8, "postgres")
}
