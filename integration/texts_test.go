package integration

import "strings"

// short are statements as applications send them all day; ? stands for a parameter.
var short = []string{
	"SELECT id, name, email FROM users WHERE id = ?",
	"SELECT * FROM orders WHERE user_id = ? ORDER BY id DESC LIMIT 20",
	"INSERT INTO events (kind, at) VALUES (?, ?)",
	"UPDATE users SET seen = ? WHERE id = ?",
	"DELETE FROM sessions WHERE token = ?",
	"SELECT count(*) FROM items WHERE state = 'open' AND owner = ?",
	"SELECT a.id, b.title FROM a JOIN b ON a.b_id = b.id WHERE a.id = ?",
	"UPDATE stock SET n = n - 1 WHERE sku = ? AND n > 0",
	"INSERT INTO carts (user_id, sku, n) VALUES (?, ?, ?)",
	"SELECT coalesce(max(position), 0) + 1 FROM cards WHERE list_id = ?",
}

const analyticPart = `
	SELECT r.name AS region, date(o.created_at) AS day, count(*) AS orders, sum(l.quantity * l.price) AS revenue,
		avg(l.price) AS mean, max(l.quantity) AS most
	FROM orders o
	JOIN entries l ON l.order_id = o.id
	LEFT JOIN customers c ON c.id = o.customer_id AND c.deleted_at IS NULL
	LEFT JOIN regions r ON r.id = c.region_id
	WHERE o.state IN ('paid', 'sent', 'done') AND o.created_at >= '2024-01-01' AND NOT (l.price < 0.5 OR l.quantity = 0)
		AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.amount > 10) -- no drafts
	GROUP BY r.name, date(o.created_at)
	HAVING count(*) > 5`

// analytic is a query of 2 kB, and insert an INSERT of 100 rows and 8 kB.
var (
	analytic = "WITH a AS (" + analyticPart + "\n), b AS (" + analyticPart + "\n), c AS (" + analyticPart +
		"\n)\nSELECT a.region, a.day, a.revenue, b.orders FROM a JOIN b ON b.day = a.day JOIN c ON c.day = a.day ORDER BY 1, 2 LIMIT 500"
	insert = rows(100)
)

// rows returns an INSERT of n rows.
func rows(n int) string {
	const row = "(12345, 'a name of some length', 'somebody@example.com', 17.25, NULL, 'x')"
	return "INSERT INTO people (id, name, email, score, note, kind) VALUES " + strings.TrimSuffix(strings.Repeat(row+",\n ", n), ",\n ")
}

// reads returns a query of about n bytes, of which no part is alike to a parser.
func reads(n int) string {
	const part = ", a.total * 2 AS t, 'it''s' AS s, lower(a.name) /* of it */"
	return "SELECT 1" + strings.Repeat(part, max(1, n/len(part))) + " FROM a WHERE a.id = 5"
}

// numbered replaces the parameters of PostgreSQL's texts.
func numbered(sql string) string {
	var b strings.Builder
	n := byte('0')
	for i := range len(sql) {
		if sql[i] == '?' {
			n++
			b.WriteString("$" + string(n))
			continue
		}
		b.WriteByte(sql[i])
	}
	return b.String()
}

// lexer is the simplest that a lexer can be: it tells words, strings, comments, numbers
// and the rest apart, and knows no dialect. It returns the number of tokens.
func lexer(s string) (n int) {
	for i := 0; i < len(s); n++ {
		c := s[i]
		i++
		switch {
		case c == ' ' || c == '\n' || c == '\t':
			n--
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_':
			for i < len(s) && (s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || s[i] == '_' || s[i] >= '0' && s[i] <= '9') {
				i++
			}
		case c >= '0' && c <= '9':
			for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
				i++
			}
		case c == '\'' || c == '"' || c == '`':
			for i < len(s) && s[i] != c {
				i++
			}
			i++
		case c == '-' && i < len(s) && s[i] == '-':
			for i < len(s) && s[i] != '\n' {
				i++
			}
		case c == '/' && i < len(s) && s[i] == '*':
			for i++; i < len(s) && (s[i-1] != '*' || s[i] != '/'); i++ {
			}
			i++
		}
	}
	return n
}
