package integration

import (
	"math/rand/v2"
	"strings"
)

// A generator makes INSERT, REPLACE, UPDATE and DELETE statements, and some others, in
// many spellings, with tables whose names come up in all places.
type generator struct{ random *rand.Rand }

func (g generator) one(of ...string) string { return of[g.random.IntN(len(of))] }

// maybe returns s half of the time.
func (g generator) maybe(s string) string { return g.one(s, "") }

func (g generator) table() string {
	return g.one("t", "u", "`u`", "T", "d.t", "`d`.`t`", "d . u", "`a b`", "`a``b`", "`select`", "status", "d.`from`", "tab$1", "`d`.x")
}

// alias returns one of three, so that they meet.
func (g generator) alias() string { return g.one("x", "y", "`z`") }

func (g generator) source() string {
	return g.table() + g.one("", " "+g.alias(), " AS "+g.alias(), "/**/as "+g.alias())
}

// sources returns a FROM clause of one to three tables.
func (g generator) sources() string {
	s := g.source()
	for range g.random.IntN(3) {
		switch g.random.IntN(4) {
		case 0:
			s += ", " + g.source()
		case 1:
			s += " LEFT JOIN " + g.source() + " ON " + g.condition()
		case 2:
			s += " JOIN (" + g.source() + ") ON " + g.condition()
		default:
			s += " join (SELECT a FROM " + g.source() + ") q" + g.one("1", "2") + " USING (a)"
		}
	}
	return s
}

func (g generator) column() string {
	return g.one("a", "b", "`c d`", "x.a", "y.b", "`z`.a", "t.a", "u.b", "`select`.a")
}

func (g generator) value() string {
	return g.one("1", "-2.5", "'x'", "'it''s'", "'UPDATE t SET'", "'a\\'b'", "NULL", "DEFAULT(a)", "NOW()", "?", "a + 1", "@v", "CONCAT('a', b)",
		"(SELECT max(a) FROM "+g.table()+")", "CASE WHEN a THEN 'DELETE' ELSE 2 END", "/* INSERT INTO w */ 3", "REPLACE(a, 'x', 'y')", "x'41'", "IF(a, 1, 2)")
}

func (g generator) condition() string {
	return g.one("1", "a = "+g.value(), "EXISTS (SELECT 1 FROM "+g.sources()+" WHERE a = "+g.value()+")", "a IN (SELECT b FROM "+g.source()+")",
		"a BETWEEN 1 AND 2", "a LIKE '%from t%'", "NOT (a IS NULL OR b = "+g.value()+")")
}

func (g generator) assignments() string {
	s := g.column() + " = " + g.value()
	for range g.random.IntN(3) {
		s += ", " + g.column() + g.one("=", " = ") + g.value()
	}
	return s
}

func (g generator) query() string {
	return "SELECT " + g.value() + ", a FROM " + g.sources() + g.maybe(" WHERE "+g.condition()) + g.maybe(" ORDER BY a") + g.maybe(" LIMIT 3")
}

func (g generator) insert() string {
	s := g.one("INSERT ", "REPLACE ", "insert ", "Replace/**/") + g.maybe("INTO ") + g.table() + " "
	switch g.random.IntN(4) {
	case 0:
		s += "(a, b) VALUES (" + g.value() + ", " + g.value() + ")" + g.maybe(", ("+g.value()+", DEFAULT)")
	case 1:
		s += "SET a = " + g.value() + g.maybe(", b = "+g.value())
	case 2:
		s += g.maybe("(a, `b`) ") + g.query()
	default:
		s += g.maybe("(a) ") + "(" + g.query() + ")"
	}
	if strings.HasPrefix(strings.ToLower(s), "insert") {
		s += g.maybe(" ON DUPLICATE KEY UPDATE a = " + g.value())
	}
	return s
}

func (g generator) delete() string {
	where := g.maybe(" WHERE " + g.condition())
	target := g.one(g.alias(), g.table())
	switch g.random.IntN(3) {
	case 0:
		return "DELETE " + g.one("", "LOW_PRIORITY ", "QUICK ", "IGNORE ") + "FROM " + g.table() + where + g.maybe(" ORDER BY a LIMIT 1")
	case 1:
		return "DELETE " + target + g.one("", ", "+g.alias(), ".*") + " FROM " + g.sources() + where
	}
	return "DELETE FROM " + target + g.one("", ", "+g.alias()) + " USING " + g.sources() + where
}

func (g generator) statement() string {
	s := ""
	switch g.random.IntN(8) {
	case 0, 1:
		s = g.insert()
	case 2, 3:
		s = g.one("UPDATE ", "update ", "UPDATE LOW_PRIORITY ", "UPDATE IGNORE ") + g.sources() + g.one(" SET ", "\nset ") + g.assignments() +
			g.maybe(" WHERE "+g.condition())
	case 4, 5:
		s = g.delete()
	case 6:
		s = g.query() + g.one("", " FOR UPDATE", " LOCK IN SHARE MODE", " INTO OUTFILE '/x'", " FOR SHARE", " UNION SELECT 1, 2")
	default:
		s = g.one("TRUNCATE TABLE "+g.table(), "TRUNCATE "+g.table(), "DROP TABLE "+g.table()+", "+g.table(), "ALTER TABLE "+g.table()+" ADD c int",
			"CREATE INDEX i ON "+g.table()+" (a)", "DROP INDEX i ON "+g.table(), "DROP TABLE IF EXISTS "+g.table(), "ALTER TABLE "+g.table()+" RENAME TO "+g.table(),
			"LOAD DATA LOCAL INFILE '/x' INTO TABLE "+g.table()+" (a, b)")
	}
	return g.maybe("-- INSERT\n") + s + g.one("", "", ";", " # DELETE", " /* ; */")
}
