//go:build cgo

package postgres

import (
	"testing"

	"github.com/pganalyze/pg_query_go/v5/parser"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/internal/ratio"
)

// analytic is a query of 2 kB, as reports have them.
const analytic = `
WITH months AS (
    SELECT date_trunc('month', day)::date AS month, (date_trunc('month', day) + interval '1 month')::date AS next
    FROM generate_series(date '2025-01-01', date '2025-12-01', interval '1 month') AS day
), paid AS (
    SELECT o.customer_id, o.region, m.month, sum(i.quantity * i.price) AS revenue, count(DISTINCT o.id) AS orders
    FROM orders o
    JOIN order_items i ON i.order_id = o.id
    JOIN months m ON o.paid_at >= m.month AND o.paid_at < m.next
    WHERE o.status IN ('paid', 'shipped', 'delivered') AND o.deleted_at IS NULL
    GROUP BY o.customer_id, o.region, m.month
), ranked AS (
    SELECT p.*, row_number() OVER (PARTITION BY p.region, p.month ORDER BY p.revenue DESC) AS place,
           lag(p.revenue) OVER (PARTITION BY p.customer_id ORDER BY p.month) AS before,
           sum(p.revenue) OVER (PARTITION BY p.customer_id ORDER BY p.month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS quarter
    FROM paid p
), refunds AS (
    SELECT r.customer_id, date_trunc('month', r.created_at)::date AS month, coalesce(sum(r.amount), 0) AS refunded
    FROM refunds r
    WHERE r.created_at BETWEEN $1 AND $2 AND NOT EXISTS (SELECT 1 FROM disputes d WHERE d.refund_id = r.id AND d.state = 'open')
    GROUP BY 1, 2
)
SELECT c.id, lower(c.email) AS email, coalesce(c.company, c.first_name || ' ' || c.last_name) AS name, k.region, k.month,
       k.revenue, k.orders, k.place, f.refunded, round(100.0 * f.refunded / nullif(k.revenue, 0), 2) AS share,
       CASE WHEN k.before IS NULL THEN 'new' WHEN k.revenue > k.before * 1.1 THEN 'up' WHEN k.revenue < k.before * 0.9 THEN 'down' ELSE 'flat' END AS trend,
       array_agg(t.name ORDER BY t.name) FILTER (WHERE t.name IS NOT NULL) AS tags
FROM ranked k
JOIN customers c ON c.id = k.customer_id
LEFT JOIN refunds f ON f.customer_id = k.customer_id AND f.month = k.month
LEFT JOIN customer_tags ct ON ct.customer_id = c.id
LEFT JOIN tags t ON t.id = ct.tag_id
WHERE k.place <= 10 AND c.email NOT LIKE '%@example.com' AND (c.country = ANY ($3) OR c.vip)
GROUP BY c.id, k.region, k.month, k.revenue, k.orders, k.place, k.before, f.refunded
HAVING count(t.id) < 20
ORDER BY k.month, k.region, k.place
LIMIT 500 OFFSET $4`

// slowPath is what judging costs where the parser is needed: the gate, the parser and
// the walker, whatever a faster path may say of the text.
func slowPath(sql string) {
	if err := lex.Check(lex.Postgres, sql, lex.Options{}); err == nil {
		judge(sql)
	}
}

// BenchmarkSlowPath reports what the slow path, and the gate and the walker in it, take
// for each second that the parser alone takes.
func BenchmarkSlowPath(b *testing.B) {
	for _, c := range []struct {
		name  string
		texts []string
	}{{"oltp", oltp}, {"analytic", []string{analytic}}} {
		b.Run(c.name, func(b *testing.B) {
			trees := make(map[string]string)
			for _, sql := range c.texts {
				tree, err := parser.ParseToJSON(sql)
				if err != nil {
					b.Fatal(err)
				}
				trees[sql] = tree
			}
			each := func(f func(sql string)) func(n int) {
				return func(n int) {
					for range n {
						for _, sql := range c.texts {
							f(sql)
						}
					}
				}
			}
			for b.Loop() {
				ns := ratio.Measure(100,
					each(func(sql string) { parser.ParseToJSON(sql) }),
					each(slowPath),
					each(func(sql string) { lex.Check(lex.Postgres, sql, lex.Options{}) }),
					each(func(sql string) { judgeTree(trees[sql]) }))
				b.ReportMetric(ns[1]/ns[0], "slowpath/parser")
				b.ReportMetric(ns[2]/ns[0], "gate/parser")
				b.ReportMetric(ns[3]/ns[0], "walker/parser")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func TestTheSlowPathAllocatesTwiceAtMost(t *testing.T) {
	for _, sql := range append([]string{analytic}, oltp...) {
		if n := testing.AllocsPerRun(100, func() { slowPath(sql) }); n > 2 {
			t.Errorf("%v allocations: %q", n, sql)
		}
	}
}
