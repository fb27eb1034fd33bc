package mysql_test

import (
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
)

// bombs are texts made to overflow a stack or to take very long.
var bombs = map[string]string{
	"opening parentheses":                  "SELECT " + strings.Repeat("(", 100000) + "1",
	"nested parentheses":                   "SELECT " + strings.Repeat("(", 100000) + "1" + strings.Repeat(")", 100000),
	"nested calls":                         "SELECT " + strings.Repeat("abs(", 100000) + "1" + strings.Repeat(")", 100000),
	"parentheses without a SELECT":         strings.Repeat("(", 100000),
	"common table expressions":             strings.Repeat("WITH a AS (", 90000),
	"subqueries":                           strings.Repeat("SELECT * FROM (", 65000),
	"comments":                             strings.Repeat("/*", 100000),
	"comments in a query":                  "SELECT 1 " + strings.Repeat("/*", 100000),
	"executable comments":                  strings.Repeat("/*!", 100000),
	"executable comments of a kind":        "SELECT 1 " + strings.Repeat("/*!50000 a */", 70000) + " INTO OUTFILE 'x'",
	"settings of a statement":              strings.Repeat("SET STATEMENT time_zone = 1 FOR ", 30000),
	"explanations":                         strings.Repeat("EXPLAIN ", 100000),
	"analyses":                             strings.Repeat("ANALYZE ", 100000),
	"writes":                               strings.Repeat("INSERT INTO t SELECT ", 40000),
	"cases":                                strings.Repeat("CASE WHEN ", 90000),
	"statements":                           strings.Repeat("SELECT 1;", 100000),
	"prepared statements":                  "PREPARE s FROM '" + strings.Repeat("PREPARE s FROM \"", 50000),
	"double quotes and backslashes":        `UPDATE t SET a = "` + strings.Repeat(`\"`, 400000) + `"`,
	"all that may be read in several ways": "UPDATE t SET a = '" + strings.Repeat("\\'\"\xa0 /*!1 a */ /*!50000 b */ /*M! c */ ", 20000) + "'",
}

func TestBombsAreWritesAndTakeNoLongerThanOtherTexts(t *testing.T) {
	for name, sql := range bombs {
		if v := (mysql.Dialect{}).Classify(sql); v.Class < write {
			t.Errorf("%s: %v (%s)", name, v.Class, v.Why)
		}
		if testing.Short() || !timed {
			continue
		}
		best := ratio.Measure(2,
			func(n int) {
				for range n {
					sink += baseline(plainMegabyte)
				}
			},
			func(n int) {
				for range n {
					judge(sql)
				}
			})
		perByte := best[1] / float64(len(sql)) / (best[0] / float64(len(plainMegabyte)))
		t.Logf("%s: %.1f times a minimal lexer", name, perByte)
		if perByte > 200 {
			t.Errorf("%s: takes %.0f times a minimal lexer", name, perByte)
		}
	}
}

// plainMegabyte is a query of nearly the longest length that is read.
var plainMegabyte = "SELECT a FROM t WHERE b = 'c'" + strings.Repeat(" OR a.n BETWEEN 10 AND 20 AND UPPER(b.name) <> 'nobody'", 18000)

// maxGrowth is how many times longer a byte may take in a text of 1 MB than in one of
// 1 kB, which is the one that caches and branch predictors hold. If the time grew with the square of the
// length, it would be a thousand times; a busy machine makes it a few.
const maxGrowth = 30

func TestTimePerByteDoesNotGrowWithTheText(t *testing.T) {
	if testing.Short() || !timed {
		t.Skip("compares timings, which -short and the race detector leave out")
	}
	for _, c := range []struct{ name, head, unit string }{
		{"a query", "SELECT a FROM t WHERE b = 'c'", " OR a.n BETWEEN 10 AND 20 AND UPPER(b.name) <> 'nobody'"},
		{"a query that the parser reads", "SELECT a FROM t FOR UPDATE", " OR a.n BETWEEN 10 AND 20 AND UPPER(b.name) <> 'nobody'"},
		{"a query that is read in two ways", "SELECT a FROM t WHERE b = \"c\"", " OR a.n BETWEEN 10 AND 20 AND UPPER(b.name) <> \"nobody\""},
		{"an INSERT", "INSERT INTO t VALUES (1, 'x')", ", (17, 'some text of a row', NOW())"},
	} {
		small := c.head + strings.Repeat(c.unit, 1000/len(c.unit))
		large := c.head + strings.Repeat(c.unit, 1000000/len(c.unit))
		best := ratio.Measure(10,
			over([]string{small}, judge), over([]string{large}, judge))
		got := best[1] / float64(len(large)) / (best[0] / float64(len(small)))
		t.Logf("%s: a byte of 1 MB takes %.2f times one of 1 kB (%.1f ns)", c.name, got, best[0]/float64(len(small)))
		if got > maxGrowth {
			t.Errorf("%s: a byte of 1 MB takes %.2f times one of 1 kB", c.name, got)
		}
	}
}
