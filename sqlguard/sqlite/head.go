package sqlite

import (
	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/sqlguard"
)

var _ sqlguard.HeadClassifier = Dialect{}

// longestHead is how many bytes before the first keyword are looked at.
const longestHead = 4096

// ClassifyHead knows INSERT, REPLACE, UPDATE and DELETE behind white space,
// U+FEFF and comments. It reads no further than their first keyword.
func (Dialect) ClassifyHead(sql string) (v sqlguard.Verdict, ok bool) {
	l := lex.Head(lex.SQLite, sql[:min(len(sql), longestHead)])
	t := l.Next()
	if t.Kind != lex.Word || t.End == longestHead {
		return v, false
	}
	switch word := uint16(words.Find(sql, t.Start, t.End)) & number; word {
	case wordInsert:
		v.Op, v.Why = sqlguard.OpInsert, "inserts"
	case wordReplace:
		v.Op, v.Why = sqlguard.OpReplace, "replaces"
	case wordUpdate:
		v.Op, v.Why = sqlguard.OpUpdate, "updates"
	case wordDelete:
		v.Op, v.Why = sqlguard.OpDelete, "deletes"
	default:
		return v, false
	}
	v.Class, v.FoldCase = sqlguard.Write, true
	return v, true
}
