package lex

// gateWords are the keywords that the gate knows, with what they do there. Only words that all dialects
// reserve may begin a new item: a column can have any other name, and a chain of
// such columns must not look like many items.
var gateWords = func() *WordTable {
	t := NewWordTable(64)
	for does, words := range map[uint64][]string{
		gateAs: {"as"}, gateBegin: {"begin"}, gateAtomic: {"atomic"}, gateAnd: {"and"}, gateOr: {"or"},
		gateBetween: {"between"}, gateCase: {"case"}, gateEnd: {"end"},
		gateItem:   {"when", "then", "else", "where", "having"},
		gateSelect: {"select"}, gateWith: {"with"}, gateOrder: {"order"},
		gateJoin: {"join", "straight_join"},
		gateSet:  {"union", "intersect", "except", "minus"},
		gateOperator: {"not", "is", "isnull", "notnull", "collate", "at", "in", "like", "ilike", "rlike", "glob",
			"regexp", "match", "similar", "escape", "overlaps", "operator", "any", "all", "some", "exists",
			"xor", "div", "mod", "sounds", "member", "binary", "interval", "against"},
	} {
		t.Add(does, words...)
	}
	return t
}()

// What a keyword does to the gate.
const (
	gateAs uint64 = iota + 1
	gateBegin
	gateAtomic
	gateAnd
	gateOr
	gateBetween
	gateCase
	gateEnd
	gateItem // begins a new item
	gateSelect
	gateWith
	gateOrder
	gateJoin
	gateSet // a set operation
	gateOperator
)

// keyword counts a word that may be a keyword. PostgreSQL's BEGIN ATOMIC, the body of a
// function, may hold the definition of another function; where one ends is not followed, so
// a text can have 100 of them.
func (g *gate) keyword(top *level, t Token, behindBegin bool) bool {
	does := gateWords.Find(g.src, t.Start, t.End)
	switch does {
	case 0:
		return true
	case gateAs:
		g.before = beforeName
	case gateBegin:
		g.before = beforeAtomic
	case gateAtomic:
		if behindBegin {
			top.bodies += 4
		}
	case gateAnd:
		if top.between > 0 {
			top.between--
			return g.op(&top.ops)
		}
		top.deepen(seenAnd, 1)
		top.newItem()
	case gateOr:
		top.deepen(seenOr, 1)
		top.newItem()
	case gateBetween:
		top.between++
		return g.op(&top.ops)
	case gateCase:
		return g.open(true)
	case gateEnd:
		if top.isCase {
			return g.close()
		}
	case gateItem:
		top.newItem()
	case gateSelect:
		top.deepen(seenSelect, 2)
		top.newList()
	case gateWith:
		top.deepen(seenWith, 1)
	case gateOrder:
		top.deepen(seenOrder, 1)
	case gateJoin:
		return g.op(&top.joins)
	case gateSet:
		return g.op(&top.sets)
	case gateOperator:
		return g.op(&top.ops)
	}
	return top.depth() <= MaxDepth
}
