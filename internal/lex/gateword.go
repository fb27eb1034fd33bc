package lex

// keyword counts a word that may be a keyword. Only words that all dialects
// reserve may begin a new item: a column can have any other name, and a chain of
// such columns must not look like many items. PostgreSQL's BEGIN ATOMIC, the body of a
// function, may hold the definition of another function; where one ends is not followed, so
// a text can have 100 of them.
func (g *gate) keyword(top *level, t Token, behindBegin bool) bool {
	var buf [16]byte
	switch string(Fold(buf[:], t.Text(g.src))) {
	case "as":
		g.before = beforeName
	case "begin":
		g.before = beforeAtomic
	case "atomic":
		if behindBegin {
			top.bodies += 4
		}
	case "and":
		if top.between > 0 {
			top.between--
			return g.op(&top.ops)
		}
		top.deepen(seenAnd, 1)
		top.newItem()
	case "or":
		top.deepen(seenOr, 1)
		top.newItem()
	case "between":
		top.between++
		return g.op(&top.ops)
	case "case":
		return g.open(true)
	case "end":
		if top.isCase {
			return g.close()
		}
	case "when", "then", "else", "where", "having":
		top.newItem()
	case "select":
		top.deepen(seenSelect, 2)
		top.newList()
	case "with":
		top.deepen(seenWith, 1)
	case "order":
		top.deepen(seenOrder, 1)
	case "join", "straight_join":
		return g.op(&top.joins)
	case "union", "intersect", "except", "minus":
		return g.op(&top.sets)
	case "not", "is", "isnull", "notnull", "collate", "at", "in", "like", "ilike", "rlike", "glob",
		"regexp", "match", "similar", "escape", "overlaps", "operator", "any", "all", "some", "exists",
		"xor", "div", "mod", "sounds", "member", "binary", "interval", "against":
		return g.op(&top.ops)
	}
	return top.depth() <= MaxDepth
}
