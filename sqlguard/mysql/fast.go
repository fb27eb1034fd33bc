package mysql

import (
	"strings"

	"github.com/quiescehq/quiesce/internal/lex"
	"github.com/quiescehq/quiesce/internal/targets"
	"github.com/quiescehq/quiesce/sqlguard"
)

// plain judges the texts that applications send most, in one pass over their bytes and
// without allocating, into v: a single SELECT that calls known functions alone, and a
// single INSERT, REPLACE, UPDATE or DELETE of one table. It reports false for all else, whatever it has written by then,
// and wherever it is not certain; then the parser has to read the text.
//
// It takes a text only if all servers, with all settings, read the same tokens in it,
// and then its verdict is the parser's. A test holds it to that.
func plain(sql string, v *sqlguard.Verdict) bool {
	if len(sql) > lex.MaxLength {
		return false
	}
	s := scan{src: sql}
	s.skip()
	start := s.pos
	switch head := s.word(); {
	case head&wordSelect != 0:
		s.last = span{tokenWord, start, s.pos}
		if !s.body() || s.upsert {
			return false
		}
		v.Class, v.Op, v.Why = sqlguard.Read, sqlguard.OpSelect, "query"
	case head&wordInsert != 0:
		v.Class, v.Op, v.Why = sqlguard.Write, sqlguard.OpInsert, "inserts"
		return s.insert(v)
	case head&wordReplace != 0:
		v.Class, v.Op, v.Why = sqlguard.Write, sqlguard.OpReplace, "replaces"
		return s.insert(v)
	case head&wordUpdate != 0:
		v.Class, v.Op, v.Why = sqlguard.Write, sqlguard.OpUpdate, "updates"
		return s.update(v)
	case head&wordDelete != 0:
		v.Class, v.Op, v.Why = sqlguard.Write, sqlguard.OpDelete, "deletes"
		return s.delete(v)
	default:
		return false
	}
	v.Complete, v.Functions = true, s.functions
	return true
}

// scan is a position in a text that plain reads.
type scan struct {
	src string
	pos int

	schema, table targets.Name

	last      span // the token before, to body
	functions bool // a function is called
	upsert    bool // ON DUPLICATE KEY UPDATE was met
}

// at returns the byte at i, 0 behind the end.
func (s *scan) at(i int) byte {
	if i < len(s.src) {
		return s.src[i]
	}
	return 0
}

// skip moves over white space and plain comments. Where it stops for another
// reason, no token begins that the callers take.
func (s *scan) skip() {
	if s.pos < len(s.src) && s.src[s.pos] == ' ' {
		s.pos++
	}
	if s.pos < len(s.src) && bytesOf[s.src[s.pos]] >= byteSpace {
		s.skipMore()
	}
}

func (s *scan) skipMore() {
	for s.pos < len(s.src) {
		switch bytesOf[s.src[s.pos]] {
		case byteSpace:
			s.pos++
		case byteSlash, byteHash, byteMinus:
			n := s.comment()
			if n <= 0 {
				return
			}
			s.pos += n
		default:
			return
		}
	}
}

// comment returns the length of the plain comment here, 0 if there is none, and -1
// if what begins here may be more than that.
func (s *scan) comment() int {
	rest := s.src[s.pos:]
	switch {
	case rest[0] == '#', strings.HasPrefix(rest, "-- "):
		n := strings.IndexByte(rest, '\n') + 1
		if n == 0 {
			n = len(rest)
		}
		return plainComment(rest[:n])
	case strings.HasPrefix(rest, "--"):
		return -1
	case !strings.HasPrefix(rest, "/*"):
		return 0
	}
	n := strings.Index(rest[2:], "*/")
	if n < 0 || strings.IndexByte("!M+", rest[2]) >= 0 {
		return -1
	}
	return plainComment(rest[:n+4])
}

// plainComment returns the length of a comment, -1 if a NUL byte is in it.
func plainComment(comment string) int {
	if strings.IndexByte(comment, 0) >= 0 {
		return -1
	}
	return len(comment)
}

// word moves behind the word here and returns what is known of it, 0 if there is
// none. Of functions it need not know.
func (s *scan) word() word {
	start := s.pos
	if !s.anyWord() {
		return 0
	}
	if mayMatter[s.src[start]]>>(s.pos-start)&1 == 0 {
		return anyWord
	}
	return dictionary.find(s.src, start, s.pos)
}

// anyWord moves behind the word here and reports whether there is one.
func (s *scan) anyWord() bool {
	i := s.pos
	if i == len(s.src) || bytesOf[s.src[i]] != byteWord {
		return false
	}
	for i++; i < len(s.src) && inWord[s.src[i]]; {
		i++
	}
	s.pos = i
	return true
}

// quoted moves behind the quoted name here, if it is one that means what it
// says.
func (s *scan) quoted() bool {
	n := strings.IndexByte(s.src[s.pos+1:], '`')
	if n < 0 || strings.IndexByte(s.src[s.pos+1:s.pos+1+n], 0) >= 0 {
		return false
	}
	s.pos += n + 2
	return s.at(s.pos) != '`'
}
