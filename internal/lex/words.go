package lex

import "math/bits"

// Words is a set of words, each with a code that has the bit [Known]. A look-up folds
// ASCII letters, allocates nothing, and takes a time that does not depend on the set: a few
// loads for all words but those longer than 16 bytes.
type Words struct {
	// index holds where in words a word stands; 0 is none. Most look-ups of other
	// words end at their first slot.
	index [wordSlots]uint16
	words []word
}

// wordSlots is at least twice as many as there are words.
const (
	wordBits  = 11
	wordSlots = 1 << wordBits
)

type word struct {
	head, tail uint64 // the first and the last eight bytes, see ends
	text       string
	code       uint16
}

// NewWords returns the set of the keys of codes, which must be words in lower
// case, and gives each code the bit [Known]. It panics if a key is no such word, or if they are too many.
func NewWords(codes map[string]uint16) *Words {
	w := &Words{words: make([]word, 1, len(codes)+1)}
	if len(codes) > wordSlots/2 {
		panic("lex: too many words")
	}
	for text, code := range codes {
		if text == "" || run(text, 0, letter|digit) != len(text) || foldedCopy(text) != text {
			panic("lex: not a word in lower case: " + text)
		}
		head, tail := ends(text, 0, len(text))
		i := wordHash(head, tail, len(text))
		for w.index[i] != 0 {
			i = (i + 1) % wordSlots
		}
		w.index[i] = uint16(len(w.words))
		w.words = append(w.words, word{head: head, tail: tail, text: text, code: code | Known})
	}
	return w
}

// Find returns the code of the word src[start:end], 0 if it is not in the set.
// It must be a word: letters, digits, underscores and dollars, no other bytes.
func (w *Words) Find(src string, start, end int) uint16 {
	head, tail := ends(src, start, end)
	i := wordHash(head, tail, end-start)
	if w.index[i] == 0 {
		return 0
	}
	return w.confirm(i, head, tail, src[start:end])
}

// confirm is Find from the slot i on, which is not empty.
func (w *Words) confirm(i uint, head, tail uint64, s string) uint16 {
	for {
		at := w.index[i%wordSlots]
		if at == 0 {
			return 0
		}
		x := &w.words[at]
		if x.head == head && x.tail == tail && len(x.text) == len(s) && (len(s) <= 16 || foldsTo(s, x.text)) {
			return x.code
		}
		i++
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
	if end-start >= 8 {
		return eight(src, start) | caseBits, eight(src, end-8) | caseBits
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
	return uint((head^bits.RotateLeft64(tail, 23)^uint64(length))*0x9E3779B97F4A7C15>>(64-wordBits)) % wordSlots
}

// shortWord returns the slot and the head of the word of n bytes, less than eight,
// that x begins with.
func shortWord(x uint64, n int) (slot uint, head uint64) {
	head = x&(1<<(8*uint(n)&63)-1) | caseBits
	return wordHash(head, 0, n), head
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
