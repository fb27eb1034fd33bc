package mysql_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// pieces are what random texts are put together from: whatever means something to
// the fast path or the parser, and what may hide it.
var pieces = func() []string {
	words := strings.Fields("select insert replace update delete into for lock next nextval duplicate key on as set from where " +
		"order limit values with table partition ignore low_priority t u a x n count max lower now f default using share mode value " +
		"outfile returning in and or not union join row Select INTO Update")
	marks := []string{
		" ", "\n", "\t", "(", ")", "()", ",", ".", ". ", " .", ";", "=", ":=", "@a", "@@b", "?", "*", "/", "-", "--", "-- ", "#", "\n", "/*", "*/", "/* c */", "/*!", "/*!50000 ", "/*M!", "/*+",
		"1", "1.5", "1.", ".5", "1e5", "0x4", "1a", "'a'", "'a''b'", "'\\''", "'\\\\'", "'a\\n'", "'", "''", "\"a\"", "\"", "`a`", "`nextval`", "`a``b`", "`", "n'a'", "x'41'", "_utf8'a'",
		"\\", "$", "a$b", "é", "\xa0", "\x00", "{", "}", "<=>", "->>", "||", " on duplicate key update a = 1", " as (", ") count (a)", "count (1)", "lower(a)", "f(1)", "insert into t ", "update t set ", "delete from t ", "select ",
	}
	var out []string
	for _, w := range words {
		out = append(out, w+" ", " "+w, w)
	}
	return append(append(out, marks...), marks...)
}()

// TestRandomTextsAreReadAlike is the fuzz target's claim over texts that hang together
// better than what mutation makes. QUIESCE_RANDOM_TEXTS says how many; it prints the first that fails.
func TestRandomTextsAreReadAlike(t *testing.T) {
	count := 30000
	if n, err := strconv.Atoi(os.Getenv("QUIESCE_RANDOM_TEXTS")); err == nil {
		count = n
	}
	heads := []string{"select ", "insert into t values (", "insert into t (a) ", "replace t ", "update t set a = ", "update a.b c set ", "delete from t where ", "delete from `t` ", ""}
	random := rand.New(rand.NewPCG(1, uint64(count)))
	for range count {
		var b strings.Builder
		b.WriteString(heads[random.IntN(len(heads))])
		for range random.IntN(14) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		agree(t, b.String())
		headFounded(t, b.String())
		if t.Failed() {
			return
		}
	}
}
