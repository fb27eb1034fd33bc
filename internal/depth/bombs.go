package depth

import "strings"

// A Bomb is a text that can be made as deep as one likes.
type Bomb struct {
	Name string
	// before comes once, then open as often as one likes, then middle, then shut as often as open.
	before, open, middle, shut string
	// Flat reports that PostgreSQL's parser does not go deep on it, so that it may pass.
	Flat bool
}

// Bombs are what has brought parsers down, and what looks like it.
var Bombs = []Bomb{
	{"brackets", "SELECT ", "(", "1", ")", false},
	{"open brackets", "SELECT ", "(", "", "", false},
	{"closing brackets", "SELECT 1", ")", "", "", true},
	{"subqueries", "", "SELECT (", "SELECT 1", ")", false},
	{"derived tables", "", "SELECT * FROM (", "SELECT 1", ") q", false},
	{"calls", "SELECT ", "abs(", "1", ")", false},
	{"CTEs in each other", "", "WITH a AS (", "SELECT 1", ") SELECT 1", false},
	{"CTEs behind each other", "WITH a AS (SELECT 1)", ", a AS (SELECT 1)", " SELECT 1", "", true},
	{"CASE", "SELECT ", "CASE WHEN 1 THEN ", "1", " END", false},
	{"open CASEs", "SELECT ", "CASE ", "", "", false},
	{"NOT", "SELECT ", "NOT ", "1", "", false},
	{"minus signs", "SELECT ", "- ", "1", "", false},
	{"minus signs without spaces", "SELECT 1", "-", "1", "", true},
	{"tildes", "SELECT ", "~", "1", "", true},
	{"sums", "SELECT 1", " + 1", "", "", false},
	{"concatenations", "SELECT 'a'", " || 'a'", "", "", false},
	{"comparisons", "SELECT 1", " = 1", "", "", false},
	{"ANDs", "SELECT 1", " AND 1", "", "", true},
	{"ORs", "SELECT 1", " OR 1", "", "", true},
	{"BETWEENs", "SELECT 1", " BETWEEN 1 AND 2", "", "", false},
	{"IS NULLs", "SELECT 1", " IS NULL", "", "", false},
	{"COLLATEs", "SELECT a", " COLLATE x", "", "", false},
	{"JOINs", "SELECT 1 FROM t", " JOIN t ON 1 = 1", "", "", false},
	{"commas in FROM", "SELECT 1 FROM t", ", t", "", "", true},
	{"nested JOINs", "SELECT 1 FROM ", "(", "t", " JOIN t ON 1 = 1)", false},
	{"UNIONs", "SELECT 1", " UNION SELECT 1", "", "", false},
	{"columns", "SELECT 1", ", 1", "", "", true},
	{"names with dots", "SELECT a", ".a", "", "", true},
	{"strings", "SELECT 'a'", " 'a'", "", "", true},
	{"quotes", "SELECT '", "''", "'", "", true},
	{"backslashes", "SELECT '", `\`, "'", "", true},
	{"comments", "", "/**/", "SELECT 1", "", true},
	{"nested comments", "", "/*", "", "*/ SELECT 1", true},
	{"open comments", "SELECT 1 ", "/*", "", "", true},
	{"line comments", "", "-- x\n", "SELECT 1", "", true},
	{"executable comments", "", "/*! ", "SELECT 1", " */", true},
	{"executable comments behind each other", "SELECT 1", " /*! */", "", "", true},
	{"executable comments with versions", "SELECT 1", " /*!50000 + 1 */", "", "", false},
	{"dollar quotes", "SELECT ", "$a$", "", "", true},
	{"semicolons", "SELECT 1", ";", "", "", true},
	{"statements", "", "SELECT 1;", "", "", true},
	{"EXPLAINs", "", "EXPLAIN ", "SELECT 1", "", false},
	{"array brackets", "SELECT ", "ARRAY[", "1", "]", false},
	{"subscripts", "SELECT a", "[1]", "", "", true},
	{"casts", "SELECT 1", "::int", "", "", false},
	{"parameters", "SELECT ?", ", ?", "", "", true},
	{"at signs", "SELECT ", "@", "a", "", true},
	{"semicolons in BEGIN", "BEGIN", "; BEGIN", "", "", true},
	{"SET", "SET @a = 1", ", @a = 1", "", "", true},
	{"PREPAREs", "", "PREPARE p FROM '", "SELECT 1", "'", true},
	{"VALUES", "VALUES (1)", ", (1)", "", "", true},
}

// Text returns the bomb n deep.
func (b Bomb) Text(n int) string {
	return b.before + strings.Repeat(b.open, n) + b.middle + strings.Repeat(b.shut, n)
}
