package corpus

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/internal/lex"
)

// A Mutator makes texts of one dialect by mixing and damaging those of the corpus. It
// is not for use by several goroutines.
type Mutator struct {
	random  *rand.Rand
	dialect lex.Dialect
	seeds   []string
	pieces  []string    // tokens of the seeds
	frames  [][2]string // what a text, or a part of it, may be put between
}

// gaps stand between tokens. Most are what people write.
var gaps = []string{" ", " ", " ", " ", "", "\n", "\t", "/**/", " /* ; */ ", "--\n", "-- '\n", "--\r", "#\n", "\f", "/*!*/", "/*'*/", "\u00a0", "\ufeff"}

// fragments are spliced in anywhere, also inside of tokens.
var fragments = []string{
	"'", "''", `"`, "`", "\\", `\'`, "$$", "$a$", ";", ";;", "--", "-- ", "#", "/*", "*/", "/*!", "/*!50000", "/*M!", "/*!999999 ", "/*!080000",
	"(", ")", "[", "]", ",", ".", "@", "@@", ":", "::", "?", "$1", "\n", "\r", "\t", "\f", "\v", "\x00", "\xa0", "\xbf'", "\xef\xbb\xbf",
	"E'", "U&'", `U&"`, "N'", "x'", "_utf8'", "0", "1", "-", "+", "*", "=", "<", ">", "!", "|", "&", "%", "~", "^", "{", "}",
}

var frames = map[lex.Dialect][][2]string{
	lex.Postgres: {
		{"EXPLAIN ", ""}, {"EXPLAIN ANALYZE ", ""}, {"EXPLAIN (ANALYZE off, ANALYZE) ", ""}, {"EXPLAIN (ANALYZE, ANALYZE 0) ", ""},
		{"EXPLAIN (VERBOSE, ANALYZE 'on') ", ""}, {"PREPARE p AS ", ""}, {"PREPARE p AS ", "; EXECUTE p"}, {"COPY (", ") TO STDOUT"},
		{"WITH c AS (", ") SELECT * FROM c"}, {"WITH c AS MATERIALIZED (", ") TABLE c"}, {"SELECT (", ")"}, {"SELECT * FROM (", ") q"},
		{"SELECT 1 WHERE EXISTS (", ")"}, {"SELECT ARRAY(", ")"}, {"VALUES ((", "))"}, {"(", ")"}, {"(", ") UNION ALL SELECT NULL"},
		{"DECLARE c CURSOR WITH HOLD FOR ", ""}, {"DECLARE c CURSOR WITH HOLD FOR ", "; FETCH ALL FROM c"}, {"DECLARE c CURSOR FOR ", ""},
		{"BEGIN; ", "; COMMIT"}, {"COMMIT; ", ""}, {"SELECT 1; ", ""}, {"", "; SELECT 1"}, {"DO $$ BEGIN ", "; END $$"},
		{"SELECT * FROM generate_series(1, 2) g, LATERAL (", ") q"}, {"SELECT CASE WHEN true THEN (", ") END"},
		{"SELECT count(*) FILTER (WHERE EXISTS (", "))"}, {"SET application_name TO '", "'"}, {"SELECT set_config('application_name', (", ")::text, false)"},
		{"/* ", " */"}, {"/* /* ", " */ SELECT 1 */"}, {"SELECT '", "'"}, {"SELECT $$", "$$"}, {"SELECT E'", "'"}, {"SELECT 1 AS \"", "\""},
		{"SELECT 'a' '", "'"}, {"SELECT U&'", "' UESCAPE '!'"}, {"SELECT 1 AS a$$; ", "; SELECT 1 AS a$$"}, {"CREATE TEMP TABLE z AS ", ""},
	},
	lex.MySQL: {
		{"EXPLAIN ", ""}, {"EXPLAIN FORMAT=JSON ", ""}, {"ANALYZE ", ""}, {"ANALYZE FORMAT=JSON ", ""}, {"DESCRIBE ", ""}, {"EXPLAIN EXTENDED ", ""},
		{"WITH c AS (", ") SELECT * FROM c"}, {"SELECT (", ")"}, {"SELECT * FROM (", ") q"}, {"SELECT 1 FROM DUAL WHERE EXISTS (", ")"},
		{"(", ")"}, {"(", ") UNION ALL SELECT 1"}, {"SELECT 1 UNION ", ""}, {"DO (", ")"}, {"SET @a = (", ")"}, {"SET STATEMENT max_statement_time = 1 FOR ", ""},
		{"PREPARE p FROM '", "'"}, {"PREPARE p FROM '", "'; EXECUTE p"}, {"EXECUTE IMMEDIATE '", "'"}, {"BEGIN NOT ATOMIC ", "; END"},
		{"BEGIN; ", "; COMMIT"}, {"COMMIT; ", ""}, {"SELECT 1; ", ""}, {"", "; SELECT 1"}, {"SHOW TABLES WHERE (", ")"}, {"SHOW STATUS WHERE EXISTS (", ")"},
		{"/*!", "*/"}, {"/*!50000 ", "*/"}, {"/*!50701 ", "*/"}, {"/*!100100 ", "*/"}, {"/*!999999 ", "*/"}, {"/*M! ", "*/"}, {"/*M!100100 ", "*/"},
		{"/* ", " */"}, {"/*! /* ", " */ */"}, {"SELECT 1 /*!50000 ", " */"}, {"SELECT '", "'"}, {"SELECT \"", "\""}, {"SELECT `", "`"}, {"SELECT '\\", "'"}, {"SELECT 'a\\'", "'"},
		{"# ", "\n"}, {"-- ", "\n"}, {"--", "\n"}, {"IF 1 THEN ", "; END IF"}, {"SELECT CASE WHEN 1 THEN (", ") END"}, {"HANDLER t OPEN; ", ""},
		{"VALUES ((", "))"}, {"", " INTO @a"}, {"", " PROCEDURE ANALYSE()"}, {"", " LIMIT 1"}, {"SET sql_mode = '", "'"}, {"USE information_schema; ", ""},
	},
	lex.SQLite: {
		{"EXPLAIN ", ""}, {"EXPLAIN QUERY PLAN ", ""}, {"WITH c AS (", ") SELECT * FROM c"}, {"WITH c AS NOT MATERIALIZED (", ") SELECT * FROM c"},
		{"SELECT (", ")"}, {"SELECT * FROM (", ")"}, {"SELECT 1 WHERE EXISTS (", ")"}, {"SELECT 1 UNION ", ""}, {"VALUES ((", "))"},
		{"BEGIN; ", "; COMMIT"}, {"COMMIT; ", ""}, {"SAVEPOINT a; ", "; RELEASE a"}, {"SELECT 1; ", ""}, {"", "; SELECT 1"}, {"; ", ""},
		{"/* ", " */"}, {"/* /* ", " */"}, {"/*", ""}, {"-- ", "\n"}, {"SELECT '", "'"}, {"SELECT \"", "\""}, {"SELECT [", "]"}, {"SELECT `", "`"}, {"SELECT x'", "'"},
		{"PRAGMA main.", ""}, {"PRAGMA temp.", ""}, {"PRAGMA ", " = 1"}, {"PRAGMA ", "(0)"}, {"SELECT * FROM pragma_", "(1)"}, {"SELECT CASE WHEN 1 THEN (", ") END"},
		{"CREATE TEMP TABLE z AS ", ""}, {"CREATE VIEW z AS ", ""}, {"ATTACH (", ") AS z"},
	},
}

// NewMutator returns a mutator of the cases of the dialects, which are texts of
// d. The same seed makes the same texts. The folders that cases write files to are
// replaced by folder. Cases that are Hard or EngineOnly are left out.
func NewMutator(tb testing.TB, d lex.Dialect, seed uint64, folder string, dialects ...string) *Mutator {
	m := &Mutator{random: rand.New(rand.NewPCG(seed, seed)), dialect: d, frames: frames[d]}
	place := strings.NewReplacer("/tmp/g", folder, "OUT/", folder+"/")
	for _, c := range Load(tb, dialects...) {
		if c.Hard || c.EngineOnly {
			continue
		}
		text := place.Replace(c.Text())
		m.seeds = append(m.seeds, text)
		m.pieces = append(m.pieces, m.split(text)...)
		for _, before := range append(c.Pre, c.PreIn...) {
			m.pieces = append(m.pieces, m.split(before)...)
		}
	}
	return m
}

// Seeds returns the texts of the corpus that the mutator starts from.
func (m *Mutator) Seeds() []string { return m.seeds }

// split returns the tokens of text; what cannot be read is one piece.
func (m *Mutator) split(text string) []string {
	var pieces []string
	l := lex.New(m.dialect, text, lex.Options{})
	for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		pieces = append(pieces, t.Text(text))
	}
	return pieces
}

// Next returns another text.
func (m *Mutator) Next() string {
	text := pick(m, m.seeds)
	for range 1 + m.random.IntN(4) {
		switch m.random.IntN(9) {
		case 0, 1, 2:
			text = m.exchange(text)
		case 3, 4:
			text = m.cross(text, pick(m, m.seeds))
		case 5, 6:
			text = m.frame(text)
		case 7:
			text = m.splice(text)
		default:
			text = m.recase(text)
		}
	}
	return text
}

// exchange replaces, inserts, removes, doubles or swaps tokens.
func (m *Mutator) exchange(text string) string {
	own := m.split(text)
	for range 1 + m.random.IntN(3) {
		i := m.random.IntN(len(own) + 1)
		piece := pick(m, m.pieces)
		switch kind := m.random.IntN(5); {
		case i == len(own) || kind == 0:
			own = append(own[:i:i], append([]string{piece}, own[i:]...)...)
		case kind == 1:
			own = append(own[:i:i], own[i+1:]...)
		case kind == 2:
			j := m.random.IntN(len(own))
			own[i], own[j] = own[j], own[i]
		default:
			own[i] = piece
		}
	}
	return m.join(own)
}

// cross puts some tokens of other in the place of some of text.
func (m *Mutator) cross(text, other string) string {
	own, strange := m.split(text), m.split(other)
	i, j := m.span(len(own))
	from, to := m.span(len(strange))
	return m.join(append(append(own[:i:i], strange[from:to]...), own[j:]...))
}

func (m *Mutator) span(n int) (from, to int) {
	from = m.random.IntN(n + 1)
	return from, from + m.random.IntN(n-from+1)
}

func (m *Mutator) join(pieces []string) string {
	if m.random.IntN(2) == 0 {
		return strings.Join(pieces, " ")
	}
	var b strings.Builder
	for _, piece := range pieces {
		b.WriteString(piece)
		b.WriteString(pick(m, gaps))
	}
	return b.String()
}

// frame puts the text, or some tokens of it, between the halves of a frame.
func (m *Mutator) frame(text string) string {
	halves := m.frames[m.random.IntN(len(m.frames))]
	if m.random.IntN(3) > 0 {
		return halves[0] + text + halves[1]
	}
	own := m.split(text)
	i, j := m.span(len(own))
	return m.join(own[:i]) + " " + halves[0] + m.join(own[i:j]) + halves[1] + " " + m.join(own[j:])
}

// splice inserts, removes or replaces bytes.
func (m *Mutator) splice(text string) string {
	for range 1 + m.random.IntN(3) {
		i := m.random.IntN(len(text) + 1)
		j := min(len(text), i+m.random.IntN(3))
		switch m.random.IntN(4) {
		case 0:
			text = text[:i] + text[j:]
		case 1:
			text = text[:i] + string([]byte{byte(m.random.IntN(256))}) + text[j:]
		case 2:
			text = text[:i] + pick(m, fragments) + text[j:]
		default:
			text = text[:i] + pick(m, fragments) + text[i:]
		}
	}
	return text
}

// recase changes the case of some letters.
func (m *Mutator) recase(text string) string {
	letters := []byte(text)
	for i, c := range letters {
		if (c|0x20 >= 'a' && c|0x20 <= 'z') && m.random.IntN(2) == 0 {
			letters[i] = c ^ 0x20
		}
	}
	return string(letters)
}

func pick(m *Mutator, from []string) string { return from[m.random.IntN(len(from))] }
