package lex

import (
	"math/bits"
	"strings"
)

// WordTable tells what is known of words, in any ASCII letter case: a set of bits
// for each. Looking a word up reads it once and allocates nothing. A table is filled
// before it is used; then several goroutines may look words up.
type WordTable struct {
	// places hold the index of an entry, plus one, and above it some bits of the word's
	// hash, so that most of the words that are not in the table need no look at an entry.
	// 0 is free.
	places  []uint32
	shift   uint8 // what leaves of a hash the number of a place
	entries []entry
}

// maxWords is how many words a table can hold.
const maxWords = 1<<indexBits - 1

const indexBits = 13

type entry struct {
	key  wordKey
	bits uint64
	word string
}

// wordKey is a word in lower case: its first eight bytes, its last eight if it has
// as many, and its length. Up to 16 bytes it is all of the word.
type wordKey struct {
	first, last uint64
	length      int
}

// foldBits makes letters lower case. Of the other bytes that a word may have it changes
// the underscore alone, into one that no word has.
const foldBits = 0x2020202020202020

// keyOf returns the key of src[start:end], which is not empty.
func keyOf(src string, start, end int) wordKey {
	k := wordKey{length: end - start}
	if k.length >= 8 {
		k.first = eight(src[start:]) | foldBits
		k.last = eight(src[end-8:]) | foldBits
		return k
	}
	for i := end - 1; i >= start; i-- {
		k.first = k.first<<8 | uint64(src[i]|0x20)
	}
	return k
}

// eight returns the first eight bytes of s. The compiler makes one load of them.
func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func (k wordKey) hash() uint64 {
	return (k.first ^ k.last>>3 ^ uint64(k.length)<<56) * 0x9E3779B97F4A7C15
}

// mark is what a place holds above the index.
func mark(hash uint64) uint32 { return uint32(hash>>20) << indexBits }

// NewWordTable returns a table with room for n words, at most 8191.
func NewWordTable(n int) *WordTable {
	if n > maxWords {
		panic("lex: a table of more than 8191 words")
	}
	places := bits.Len(uint(n) * 2) // which leaves half of them free, or more
	return &WordTable{places: make([]uint32, 1<<places), shift: uint8(64 - places)}
}

// Add adds the bits to those of each word, which is given in lower case and may be there
// already.
func (t *WordTable) Add(bits uint64, words ...string) {
	for _, word := range words {
		*t.bitsOf(word) |= bits
	}
}

// Remove takes the bits from those of a word.
func (t *WordTable) Remove(bits uint64, word string) { *t.bitsOf(word) &^= bits }

// bitsOf returns the bits of a word, which it adds if it is not there.
func (t *WordTable) bitsOf(word string) *uint64 {
	k := keyOf(word, 0, len(word))
	h := k.hash()
	for i := h >> t.shift; ; i = (i + 1) % uint64(len(t.places)) {
		if t.places[i] == 0 {
			if len(t.entries) == len(t.places)/2 {
				panic("lex: more words than the table has room for")
			}
			t.entries = append(t.entries, entry{key: k, word: word})
			t.places[i] = mark(h) | uint32(len(t.entries))
		}
		if e := &t.entries[t.places[i]%(1<<indexBits)-1]; e.word == word {
			return &e.bits
		}
	}
}

// Find returns the bits of the word src[start:end], which holds nothing but letters,
// digits, underscores, dollar signs and bytes above 0x7F, and is not empty. It returns 0 if the
// word is not in the table.
func (t *WordTable) Find(src string, start, end int) uint64 {
	k := wordKey{length: end - start}
	if k.length < 8 && start+8 <= len(src) {
		k.first = (eight(src[start:]) | foldBits) & (1<<(8*k.length&63) - 1)
	} else {
		k = keyOf(src, start, end)
	}
	h := k.hash()
	i := h >> t.shift
	if t.places[i] == 0 {
		return 0
	}
	return t.find(k, h, i, src[start:end])
}

func (t *WordTable) find(k wordKey, h, i uint64, word string) uint64 {
	for ; ; i = (i + 1) % uint64(len(t.places)) {
		at := t.places[i]
		if at == 0 {
			return 0
		}
		if at&^(1<<indexBits-1) != mark(h) {
			continue
		}
		if e := &t.entries[at%(1<<indexBits)-1]; e.key == k && (k.length <= 16 || strings.EqualFold(word, e.word)) {
			return e.bits
		}
	}
}

// FindName is Find for a name that may hold any bytes, as quoted names do.
func (t *WordTable) FindName(name string) uint64 {
	if name == "" || run(name, 0, letter|digit|dollar) != len(name) {
		return 0
	}
	return t.Find(name, 0, len(name))
}

// findShort is Find for a word of n bytes, less than eight, that x begins with, up to
// where a place is not free. The caller, a loop over the text, has it inlined.
func (t *WordTable) findShort(x uint64, n int) (k wordKey, hash, place uint64) {
	k = wordKey{first: (x | foldBits) & (1<<(8*n&63) - 1), length: n}
	hash = k.hash()
	return k, hash, hash >> t.shift
}
