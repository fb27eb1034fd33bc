package mysql

import "github.com/quiescehq/quiesce/sqlguard"

var _ sqlguard.HeadClassifier = Dialect{}

// maxHead is how far ClassifyHead looks for the first keyword.
const maxHead = 512

// ClassifyHead judges a text whose first word is INSERT, REPLACE, UPDATE or DELETE,
// behind nothing but white space and plain comments. It looks at no more than the
// first 512 bytes.
func (Dialect) ClassifyHead(sql string) (sqlguard.Verdict, bool) {
	s := scan{src: sql[:min(len(sql), maxHead)]}
	s.skip()
	v := sqlguard.Verdict{Class: sqlguard.Write}
	switch head := s.word(); {
	case head&wordInsert != 0:
		v.Op, v.Why = sqlguard.OpInsert, "inserts"
	case head&wordReplace != 0:
		v.Op, v.Why = sqlguard.OpReplace, "replaces"
	case head&wordUpdate != 0:
		v.Op, v.Why = sqlguard.OpUpdate, "updates"
	case head&wordDelete != 0:
		v.Op, v.Why = sqlguard.OpDelete, "deletes"
	default:
		return sqlguard.Verdict{}, false
	}
	// All servers see a word end there, whatever their character set.
	if s.pos < len(s.src) && bytesOf[s.src[s.pos]] != byteSpace && s.src[s.pos] != '`' || s.pos == maxHead {
		return sqlguard.Verdict{}, false
	}
	return v, true
}
