package mysql

import (
	"github.com/quiescehq/quiesce/internal/targets"
	"github.com/quiescehq/quiesce/sqlguard"
)

// write finishes the verdict on a write of one table.
func (s *scan) write(v *sqlguard.Verdict) bool {
	if !s.body() || s.upsert && v.Op != sqlguard.OpInsert {
		return false
	}
	v.Complete, v.Functions = true, s.functions
	if s.upsert {
		v.Tables = targets.List(s.schema, s.table, v.Op, sqlguard.OpUpdate)
	} else {
		v.Tables = targets.List(s.schema, s.table, v.Op)
	}
	return true
}

func (s *scan) insert(v *sqlguard.Verdict) bool {
	if !s.target(wordInto, false) {
		return false
	}
	s.last = span{kind: tokenIdent}
	if s.at(s.pos) == '(' && !s.columns() {
		return false
	}
	start := s.pos
	if s.word()&wordPartition != 0 {
		return false
	}
	s.pos = start
	return s.write(v)
}

func (s *scan) update(v *sqlguard.Verdict) bool {
	if !s.target(0, true) {
		return false
	}
	start := s.pos
	w := s.word()
	if w&anyWord != 0 && w&(notAlias|acts|option) == 0 { // an alias
		s.skip()
		start = s.pos
		w = s.word()
	}
	s.last = span{tokenWord, start, s.pos}
	return w&wordSet != 0 && s.write(v)
}

func (s *scan) delete(v *sqlguard.Verdict) bool {
	if !s.target(wordFrom, true) {
		return false
	}
	if s.pos < len(s.src) && s.src[s.pos] != ';' {
		start := s.pos
		if s.word()&wordTail == 0 {
			return false
		}
		s.last = span{tokenWord, start, s.pos}
	}
	return s.write(v)
}

// target moves behind the name of the table that is written, and what stands before
// it: options, and the preposition, which is a must.
func (s *scan) target(preposition word, must bool) bool {
	s.skip()
	start := s.pos
	w := s.word()
	for w&option != 0 {
		s.skip()
		start = s.pos
		w = s.word()
	}
	switch {
	case preposition != 0 && w&preposition != 0:
		s.skip()
		start = s.pos
		w = s.word()
	case preposition != 0 && must:
		return false
	}
	var ok bool
	if s.table, ok = s.name(start, w); !ok {
		return false
	}
	if s.at(s.pos) == '.' {
		s.pos++
		s.schema = s.table
		start = s.pos
		if s.table, ok = s.name(start, s.word()); !ok {
			return false
		}
	}
	s.skip()
	return s.at(s.pos) != '.'
}

// name returns the name that begins at start, where the word w was read if there is
// one. No keyword that matters here is taken for a name.
func (s *scan) name(start int, w word) (targets.Name, bool) {
	if w != 0 { // and not the N of N'…'
		return targets.Name{Text: s.src[start:s.pos]}, w&(notAlias|acts|option) == 0 && s.at(s.pos) != '\''
	}
	if s.at(start) != '`' || !s.quoted() {
		return targets.Name{}, false
	}
	return targets.Name{Text: s.src[start+1 : s.pos-1]}, true
}

// columns moves behind the columns of an INSERT.
func (s *scan) columns() bool {
	s.pos++
	for first := true; ; first = false {
		s.skip()
		switch c := s.at(s.pos); {
		case c == ')':
			s.pos++
			s.last = span{kind: tokenClose}
			return true
		case c == ',' || c == '.':
			s.pos++
		case c == '`':
			if !s.quoted() {
				return false
			}
		case bytesOf[c] == byteWord:
			if !first {
				s.anyWord()
			} else if s.word()&wordQuery != 0 {
				return false
			}
		default:
			return false
		}
	}
}
