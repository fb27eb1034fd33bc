package lex

import "math/bits"

// Words is a set of words, each with a code that is not 0. A look-up folds ASCII
// letters, allocates nothing, and takes a time that does not depend on the set: a few
// loads for all words but those longer than 16 bytes.
type Words struct {
	slots [wordSlots]wordSlot
}

// wordSlots is far more than there are words, so that most look-ups of other
// words end at the first slot.
const (
	wordBits  = 10
	wordSlots = 1 << wordBits
)

type wordSlot struct {
	head, tail uint64 // the first and the last eight bytes, see ends
	text       string
	code       uint16
}

// NewWords returns the set of the keys of codes, which must be words in lower
// case. It panics if they are not, or if they are too many.
func NewWords(codes map[string]uint16) *Words {
	w := &Words{}
	if len(codes) > wordSlots/2 {
		panic("lex: too many words")
	}
	for text, code := range codes {
		if text == "" || code == 0 || run(text, 0, letter|digit) != len(text) || foldedCopy(text) != text {
			panic("lex: not a word in lower case with a code: " + text)
		}
		head, tail := ends(text, 0, len(text))
		i := wordHash(head, tail, len(text))
		for w.slots[i].code != 0 {
			i = (i + 1) % wordSlots
		}
		w.slots[i] = wordSlot{head: head, tail: tail, text: text, code: code}
	}
	return w
}

// Find returns the code of the word src[start:end], 0 if it is not in the set.
// It must be a word: letters, digits, underscores and dollars, no other bytes.
func (w *Words) Find(src string, start, end int) uint16 {
	head, tail := ends(src, start, end)
	for i := wordHash(head, tail, end-start); ; i = (i + 1) % wordSlots {
		s := &w.slots[i]
		if s.code == 0 {
			return 0
		}
		if s.head == head && s.tail == tail && len(s.text) == end-start && (len(s.text) <= 16 || foldsTo(src[start:end], s.text)) {
			return s.code
		}
	}
}

// FindName is Find for a name that may hold any bytes, as quoted names do.
func (w *Words) FindName(name string) uint16 {
	if name == "" || run(name, 0, letter|digit|dollar) != len(name) {
		return 0
	}
	return w.Find(name, 0, len(name))
}

// caseBits makes letters lower case. It leaves the digits and the dollar alone,
// makes the underscore a byte that is in no word, and keeps bytes outside ASCII apart
// from those within, so two words of which one is all ASCII stay two words.
const caseBits = 0x2020202020202020

// ends returns the first and the last eight bytes of a word, folded. What is
// shorter is filled up, and has a tail that says nothing.
func ends(src string, start, end int) (head, tail uint64) {
	switch n := end - start; {
	case n >= 8:
		return eight(src, start) | caseBits, eight(src, end-8) | caseBits
	case start+8 <= len(src):
		return eight(src, start)&(1<<(8*uint(n))-1) | caseBits, 0
	}
	for i := end - 1; i >= start; i-- {
		head = head<<8 | uint64(src[i])
	}
	return head | caseBits, 0
}

// eight returns the eight bytes at i as one number, the first one lowest.
func eight(s string, i int) uint64 {
	b := s[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func wordHash(head, tail uint64, length int) uint {
	return uint((head^bits.RotateLeft64(tail, 23)^uint64(length))*0x9E3779B97F4A7C15) >> (bits.UintSize - wordBits)
}

// foldsTo reports whether word is lower in lower case.
func foldsTo(word, lower string) bool {
	for i := 0; i < len(lower); i++ {
		if c := word[i]; c != lower[i] && (c < 'A' || c > 'Z' || c+'a'-'A' != lower[i]) {
			return false
		}
	}
	return len(word) == len(lower)
}

func foldedCopy(s string) string { return string(Fold(make([]byte, len(s)), s)) }
