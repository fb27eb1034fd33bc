package mysql

import (
	"slices"
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

// maxTags is how many kinds of executable comments one text may have. Each
// doubles the readings.
const maxTags = 3

// maxRead is how many bytes are read for one text, in all its readings together. A
// text of 64 kB may have as many readings as there are.
const maxRead = 4 << 20

// readings judges sql in every way that some server may read it. In some of
// them a quote may not end, for instance in WHERE a = 'it\'s' where a backslash escapes
// nothing: a server that reads so refuses that statement, and it does not
// count. A text that ends so in all readings is not understood.
func readings(sql string) sqlguard.Verdict {
	var all sqlguard.Verdict
	first, valid, left := true, false, maxRead
	possible, n := options(sql)
	for _, o := range possible[:n] {
		tags, ok := executable(sql, o)
		if !ok {
			return sqlguard.NotUnderstood("more than three kinds of executable comments")
		}
		if left -= len(sql) << len(tags); left < 0 {
			return sqlguard.NotUnderstood("too long to be read in so many ways")
		}
		for skipped := range 1 << len(tags) {
			v, whole := classify(sql, o, n > 1, tags, skipped)
			valid = valid || whole
			switch {
			case !whole && v.Class == sqlguard.Read:
			case first:
				all, first = v, false
			default:
				all = worse(all, v)
			}
		}
	}
	if first || !valid && severity(all.Class) < sqlguard.Write {
		return sqlguard.NotUnderstood("an unterminated quote")
	}
	return all
}

// options returns the lexing options under which sql may differ, the first n of
// them.
func options(sql string) (out [8]lex.Options, n int) {
	n = 1
	if !depends(sql) {
		return out, n
	}
	vary := func(c byte, set func(*lex.Options)) {
		if strings.IndexByte(sql, c) < 0 {
			return
		}
		for i := range n {
			out[n+i] = out[i]
			set(&out[n+i])
		}
		n *= 2
	}
	vary('\\', func(o *lex.Options) { o.NoBackslashEscapes = true })
	vary('"', func(o *lex.Options) { o.ANSIQuotes = true })
	vary(0xA0, func(o *lex.Options) { o.Latin1Space = true })
	return out, n
}

// depends reports whether the tokens of sql may depend on options. They don't if
// the bytes that options speak of stand in comments and quotes only, and no quote ends elsewhere
// where a backslash escapes nothing.
func depends(sql string) bool {
	if strings.IndexByte(sql, '\\') < 0 && strings.IndexByte(sql, '"') < 0 && strings.IndexByte(sql, 0xA0) < 0 {
		return false
	}
	l := lex.New(lex.MySQL, sql, lex.Options{})
	for {
		t := l.Next()
		text := t.Text(sql)
		switch t.Kind {
		case lex.EOF:
			return false
		case lex.Error, lex.ExecOpen:
			return true
		case lex.Word:
			if strings.IndexByte(text, 0xA0) >= 0 {
				return true
			}
		case lex.Param:
			if strings.IndexByte(text, '"') >= 0 || strings.IndexByte(text, '\\') >= 0 || strings.IndexByte(text, 0xA0) >= 0 {
				return true
			}
		case lex.String:
			if text[0] == '"' || strings.Contains(text, `\'`) || strings.Contains(text, `\\`) {
				return true
			}
		}
	}
}

// executable returns the distinct beginnings of executable comments in sql,
// false if there are too many. A server executes all comments with the same
// beginning, or none of them.
func executable(sql string, o lex.Options) ([]string, bool) {
	if !strings.Contains(sql, "/*!") && !strings.Contains(sql, "/*M!") {
		return nil, true
	}
	var tags []string
	l := lex.New(lex.MySQL, sql, o)
	for t := l.Next(); t.Kind != lex.EOF; t = l.Next() {
		if t.Kind != lex.ExecOpen || slices.Contains(tags, t.Text(sql)) {
			continue
		}
		if tags = append(tags, t.Text(sql)); len(tags) > maxTags {
			return nil, false
		}
	}
	return tags, true
}

// worse returns the verdict on a text that may mean a or b. Where they differ,
// nothing is complete, and neither is what it does to a transaction: the text is not
// understood if either touches one.
func worse(a, b sqlguard.Verdict) sqlguard.Verdict {
	if same(a, b) {
		return a
	}
	v, other := a, b
	if severity(b.Class) > severity(a.Class) {
		v, other = b, a
	}
	transactional := touchesTx(a) || touchesTx(b)
	if transactional && severity(v.Class) < sqlguard.Write {
		return sqlguard.NotUnderstood("some servers read a transaction into the text, others do not")
	}
	out := sqlguard.Verdict{
		Class: v.Class, Op: v.Op,
		Why:       v.Why + ", as some servers read the text",
		Calls:     union(v.Calls, other.Calls),
		Functions: v.Functions || other.Functions,
		Commits:   v.Commits || other.Commits,
	}
	out.Tables = slices.Clip(v.Tables)
	for _, t := range other.Tables {
		if !slices.Contains(out.Tables, t) {
			out.Tables = append(out.Tables, t)
		}
	}
	switch {
	case v.Class == sqlguard.Lock:
		out.Op = sqlguard.OpLock
	case len(a.Parts)+len(b.Parts) > 0:
		out.Op = sqlguard.OpUnknown // which of its statements would a rule on INSERT speak of?
	}
	return out
}

func union(a, b []string) []string {
	out := slices.Clip(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func same(a, b sqlguard.Verdict) bool {
	return a.Class == b.Class && a.Op == b.Op && a.Tx == b.Tx && a.Complete == b.Complete &&
		a.Functions == b.Functions && a.Commits == b.Commits &&
		slices.Equal(a.Tables, b.Tables) && slices.Equal(a.Calls, b.Calls) &&
		slices.EqualFunc(a.Parts, b.Parts, same)
}

// severity is the class with the zero Class as the Write it stands for.
func severity(c sqlguard.Class) sqlguard.Class {
	if c == 0 {
		return sqlguard.Write
	}
	return c
}

func touchesTx(v sqlguard.Verdict) bool {
	return v.Tx != sqlguard.TxNone || v.Commits || slices.ContainsFunc(v.Parts, touchesTx)
}
