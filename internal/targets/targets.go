// Package targets makes the lists of tables that plain writes have in their
// verdicts, without allocating for a table that was seen of late.
//
// Applications write a few tables over and over. A list that was made once is kept
// and handed out again; nobody may change it.
package targets

import (
	"strings"
	"sync/atomic"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Fold says how an engine resolves the letter case of a name.
type Fold bool

const (
	Keep  Fold = false // the name is what is written
	Lower Fold = true  // ASCII letters count as lower case
)

// slots is how many lists are kept. Two tables that fall into one slot push each
// other out, which costs an allocation each time and is right all the same.
const slots = 1024

// longest is the length in bytes of the longest names that are kept, so that what
// is kept stays small.
const longest = 128

var kept [slots]atomic.Pointer[[]sqlguard.Table]

// Name is a part of a table's name as it stands in a text, without quotes.
type Name struct {
	Text string
	Fold Fold
}

// List returns the tables of a statement that writes one table, once for each of
// ops, in their order. An empty schema is none. The list keeps nothing of the
// text that the names stand in. Several goroutines may call List.
func List(schema, name Name, ops ...sqlguard.Op) []sqlguard.Table {
	slot := &kept[place(schema, name, ops)]
	if list := slot.Load(); list != nil && holds(*list, schema, name, ops) {
		return *list
	}
	table := sqlguard.Table{Schema: schema.folded(), Name: name.folded()}
	list := make([]sqlguard.Table, len(ops))
	for i, op := range ops {
		table.Op = op
		list[i] = table
	}
	if len(table.Schema)+len(table.Name) <= longest {
		slot.Store(&list)
	}
	return list
}

func holds(list []sqlguard.Table, schema, name Name, ops []sqlguard.Op) bool {
	if len(list) != len(ops) || !name.is(list[0].Name) || !schema.is(list[0].Schema) {
		return false
	}
	for i, op := range ops {
		if list[i].Op != op {
			return false
		}
	}
	return true
}

// place hashes the ends of the names and the operations. Names that have these in
// common share a slot, which is right all the same.
func place(schema, name Name, ops []sqlguard.Op) uint64 {
	h := schema.hash()*0x9E3779B97F4A7C15 ^ name.hash()
	for _, op := range ops {
		h = h*0x9E3779B97F4A7C15 ^ uint64(len(op))<<8 ^ uint64(op[0])
	}
	return h * 0x9E3779B97F4A7C15 >> 32 % slots
}

// hash is the last eight bytes of the name, and its length.
func (n Name) hash() (h uint64) {
	s := n.Text
	if len(s) >= 8 {
		b := s[len(s)-8:]
		h = uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	} else {
		for i := range len(s) {
			h = h<<8 | uint64(s[i])
		}
	}
	return (h | 0x2020202020202020) ^ uint64(len(s)) // in any case
}

// at returns the byte at i as the engine resolves it.
func (n Name) at(i int) byte {
	c := n.Text[i]
	if n.Fold == Lower && c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// is reports whether the name resolves to s.
func (n Name) is(s string) bool {
	if s == n.Text {
		return true // in lower case already, as most names are
	}
	if n.Fold == Keep || len(s) != len(n.Text) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if n.at(i) != s[i] {
			return false
		}
	}
	return true
}

// folded returns a copy of the name as the engine resolves it.
func (n Name) folded() string {
	if n.Fold == Keep {
		return strings.Clone(n.Text)
	}
	b := make([]byte, len(n.Text))
	for i := range b {
		b[i] = n.at(i)
	}
	return string(b)
}
