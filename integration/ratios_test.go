package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	pgparser "github.com/pganalyze/pg_query_go/v5/parser"
	"github.com/pingcap/tidb/pkg/parser"

	"github.com/quiescehq/quiesce/internal/ratio"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
	"github.com/quiescehq/quiesce/sqlguard/sqlite"
)

// times is how often the functions of a comparison take turns.
const times = 300

// A table prints a comparison a line.
type table struct{ *tabwriter.Writer }

// line compares what, which takes took[0], with something that takes took[1]. A bar of "×" is
// a factor by which it is faster, one of "of" a part of the other's time that it may take.
func (t table) line(what, than, bar string, measured float64, took ...float64) {
	fmt.Fprintf(t, "%s\t%s\t%s\t%.2f", what, than, bar, measured)
	for _, ns := range took {
		fmt.Fprintf(t, "\t%.0f", ns)
	}
	fmt.Fprintln(t)
}

func over(texts []string, f func(string)) func(n int) {
	return func(n int) {
		for range n {
			for _, sql := range texts {
				f(sql)
			}
		}
	}
}

var sink int

func judge(d sqlguard.Dialect) func(string) {
	return func(sql string) { sink += int(d.Classify(sql).Class) }
}

func lexed(sql string) { sink += lexer(sql) }

// TestRatios prints how fast the judges are. It asserts nothing of it: what is slow on a
// busy machine need not be slow.
func TestRatios(t *testing.T) {
	if os.Getenv("QUIESCE_BENCH") == "" {
		t.Skip("a benchmark: set QUIESCE_BENCH=1, or run make bench")
	}
	var b strings.Builder
	out := table{tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)}
	fmt.Fprintln(out, "what\tagainst\tbar\tmeasured\tns\tns")
	parsers(t, out)
	lexers(out)
	lengths(out)
	heads(out)
	out.Flush()
	t.Logf("first sight of a text, without the cache; of the times that took turns the shortest\n%s", b.String())
}

// sets are what the judges are compared by.
var sets = []struct {
	name  string
	texts []string
}{{"10 short statements", short}, {"an analytic query", []string{analytic}}, {"an INSERT of 100 rows", []string{insert}}}

// parsers compares the judges with what parses completely.
func parsers(t *testing.T, out table) {
	p := parser.New()
	for i, set := range sets {
		bar := func(of string) string { return map[bool]string{true: of, false: "-"}[i == 0] }
		tidb := func(sql string) {
			if _, _, err := p.Parse(sql, "", ""); err != nil {
				t.Fatal(err)
			}
		}
		took := ratio.Measure(times/3, over(set.texts, judge(mysql.Dialect{})), over(set.texts, tidb))
		out.line("mysql, "+set.name, "TiDB's parser", bar("at least 20"), took[1]/took[0], took...)

		var texts []string
		for _, sql := range set.texts {
			texts = append(texts, numbered(sql))
		}
		parse := func(sql string) {
			if _, err := pg_query.Parse(sql); err != nil {
				t.Fatal(err)
			}
		}
		took = ratio.Measure(times/3, over(texts, judge(postgres.Dialect{})), over(texts, parse))
		out.line("postgres, "+set.name, "pg_query.Parse", bar("at least 50"), took[1]/took[0], took...)
		toJSON := func(sql string) {
			if _, err := pgparser.ParseToJSON(sql); err != nil {
				t.Fatal(err)
			}
		}
		took = ratio.Measure(times/3, over(texts, judge(postgres.Dialect{})), over(texts, toJSON))
		out.line("postgres, "+set.name, "parser.ParseToJSON", "-", took[1]/took[0], took...)
	}
}

// lexers compares the judges with a lexer.
func lexers(out table) {
	for _, d := range []sqlguard.Dialect{postgres.Dialect{}, mysql.Dialect{}, sqlite.Dialect{}} {
		for _, set := range sets {
			texts := set.texts
			if d.Name() == "postgres" {
				texts = nil
				for _, sql := range set.texts {
					texts = append(texts, numbered(sql))
				}
			}
			took := ratio.Measure(times, over(texts, judge(d)), over(texts, lexed))
			out.line(d.Name()+", "+set.name, "the simplest lexer", "at most 2", took[0]/took[1], took...)
		}
	}
}

// lengths compares the time per byte of long texts with that of one of 1 kB.
func lengths(out table) {
	for _, d := range []sqlguard.Dialect{postgres.Dialect{}, mysql.Dialect{}, sqlite.Dialect{}} {
		for _, kind := range []struct {
			name string
			text func(size int) string
		}{{"a query", reads}, {"an INSERT", func(size int) string { return rows(size / 76) }}} {
			brief := kind.text(1000)
			for _, size := range []int{10_000, 100_000, 1_000_000} {
				text := kind.text(size)
				took := ratio.Measure(times/10, over([]string{text}, judge(d)), over([]string{brief}, judge(d)))
				out.line(fmt.Sprintf("%s, %s of %d kB, a byte", d.Name(), kind.name, size/1000), "1 kB", "flat",
					took[0]/float64(len(text))/(took[1]/float64(len(brief))), took...)
			}
		}
	}
}

// heads compares how long it takes to tell a write by its first keyword.
func heads(out table) {
	for _, d := range []sqlguard.Dialect{postgres.Dialect{}, mysql.Dialect{}, sqlite.Dialect{}} {
		h, ok := d.(sqlguard.HeadClassifier)
		if !ok {
			fmt.Fprintf(out, "%s, the head of an INSERT of 1 MB\t1 kB\tflat\tmissing\n", d.Name())
			continue
		}
		head := func(sql string) {
			if _, ok := h.ClassifyHead(sql); ok {
				sink++
			}
		}
		took := ratio.Measure(times, over([]string{rows(13_000)}, head), over([]string{rows(13)}, head))
		out.line(d.Name()+", the head of an INSERT of 1 MB", "1 kB", "flat", took[0]/took[1], took...)
	}
}

func TestTheTextsAreWhatTheTableSays(t *testing.T) {
	bytes := 0
	for _, sql := range short {
		bytes += len(sql)
	}
	for name, c := range map[string]struct{ got, want int }{
		"the mean of the short statements": {bytes / len(short), 58},
		"the analytic query":               {len(analytic), 2000},
		"the INSERT":                       {len(insert), 8000},
		"a read of 1 kB":                   {len(reads(1000)), 1000},
		"a read of 1 MB":                   {len(reads(1_000_000)), 1_000_000},
		"an INSERT of 1 MB":                {len(rows(13_000)), 1_000_000},
	} {
		if c.got < c.want*8/10 || c.got > c.want*12/10 {
			t.Errorf("%s is %d bytes long, want about %d", name, c.got, c.want)
		}
	}
	if got := lexer("SELECT a1, 'it''s' FROM `t` -- x\n/* y */ WHERE b = 1.5"); got != 13 {
		t.Errorf("the lexer counts %d tokens", got)
	}
}
