package postgres

import "github.com/quiescehq/quiesce/sqlguard"

var _ sqlguard.HeadClassifier = Dialect{}

// ClassifyHead judges a text that begins with INSERT, UPDATE, DELETE or MERGE, behind
// white space and plain comments, and reports false for any other. What begins so is at least a
// [sqlguard.Write], or no SQL.
func (Dialect) ClassifyHead(sql string) (sqlguard.Verdict, bool) {
	f := fast{src: sql}
	if !f.space() || !f.isWord() {
		return sqlguard.Verdict{}, false
	}
	t := f.scan()
	if !f.apart() {
		return sqlguard.Verdict{}, false
	}
	v := sqlguard.Verdict{Class: sqlguard.Write, Why: changesData, Functions: true}
	switch {
	case t&wordInsert != 0:
		v.Op = sqlguard.OpInsert
	case t&wordUpdate != 0:
		v.Op = sqlguard.OpUpdate
	case t&wordDelete != 0:
		v.Op = sqlguard.OpDelete
	case t&wordMerge != 0:
		v.Op = sqlguard.OpMerge
	default:
		return sqlguard.Verdict{}, false
	}
	return v, true
}
