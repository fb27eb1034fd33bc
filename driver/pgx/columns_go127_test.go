//go:build go1.27

package pgx_test

import (
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/quiescehq/quiesce/driver/internal/enginetest"
)

// Since Go 1.27 a driver may scan by itself (driver.RowsColumnScanner), as pgx does
// with what database/sql knows nothing of.
func TestColumnsAreScannedByTheDriver(t *testing.T) {
	enginetest.Transparent(t, pools(t), []enginetest.Scenario{
		{
			Name: "arrays and ranges without a scanner", Reads: true,
			Want: []string{
				"scan: []string([John Jane])",
				"scan: []sql.NullString([{a true} { false}])",
				"scan: pgtype.Array[int64]({[1 2 3 4] [{2 1} {2 1}] true})",
				"scan: pgtype.Range[github.com/jackc/pgx/v5/pgtype.Int4]({{1 true} {5 true} i e true})",
				"scan: []string([])",
				"the same session",
			},
			Play: func(p *enginetest.Player) {
				var names []string
				p.Scan("SELECT array['John', 'Jane']::text[]", &names)
				var some []sql.NullString
				p.Scan("SELECT array['a', null]::text[]", &some)
				var matrix pgtype.Array[int64]
				p.Scan("SELECT '{{1,2},{3,4}}'::bigint[]", &matrix)
				var span pgtype.Range[pgtype.Int4]
				p.Scan("SELECT int4range(1, 5)", &span)
				p.Scan("SELECT null::text[]", &names)
			},
		},
		{
			Name: "rows and scalars, with a scanner beside them", Reads: true,
			Want: []string{
				"row: int64(1) one {1,2}",
				"row: int64(2) two {1,2}",
				"scan: 1 bytes(ab) []int64([1 2])",
				"the same session",
			},
			Play: func(p *enginetest.Player) {
				p.Rows(p.DB, "SELECT id, a, array[1, 2] FROM t ORDER BY id")
				var n int
				var text []byte
				var numbers []int64
				p.Scan("SELECT 1, 'ab', array[1, 2]", &n, &text, &numbers)
			},
		},
	})
}
