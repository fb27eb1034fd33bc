package postgres

import "github.com/quiescehq/quiesce/sqlguard"

// rowLocks judges FOR UPDATE and its weaker forms. It reads the FROM clause a second
// time to name the tables whose rows are locked; from and locks are where
// the two clauses begin in the tree, from is -1 without a FROM clause.
func (w *walker) rowLocks(from, locks int) {
	w.raise(sqlguard.Lock, sqlguard.OpLock, "locks rows")
	if w.failed || w.planning {
		return
	}
	end := w.pos
	var items []fromItem
	if from >= 0 {
		w.pos = from
		items = w.fromItems(nil)
	}
	w.pos = locks
	w.open('[')
	for w.element() {
		w.expect('{')
		w.key()
		w.lockingClause(items)
		w.expect('}')
	}
	if !w.failed {
		w.pos = end
	}
}

// fromItem is a table or a subquery of a FROM clause.
type fromItem struct {
	alias string // what FOR UPDATE OF calls it
	table placed[sqlguard.Table]
	query []fromItem // of a subquery
}

// lockingClause reads one FOR … [OF …] and notes what it locks: what is named,
// or all there is. Rows of subqueries are locked in their own tables.
func (w *walker) lockingClause(items []fromItem) {
	named := false
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key != "lockedRels" {
			w.skip()
			continue
		}
		named = true
		w.open('[')
		for w.element() {
			w.expect('{')
			w.key()
			w.lockNamed(items, w.rangeVar().what.Name)
			w.expect('}')
		}
	}
	if !named {
		w.lockAll(items)
	}
}

func (w *walker) lockNamed(items []fromItem, alias string) {
	found := false
	for i := range items {
		if items[i].alias == alias {
			w.lockAll(items[i : i+1])
			found = true
		}
	}
	if !found {
		w.incomplete()
	}
}

func (w *walker) lockAll(items []fromItem) {
	for _, item := range items {
		if item.table.what.Name != "" {
			w.target(item.table, sqlguard.OpLock)
		}
		w.lockAll(item.query)
	}
}

// fromItems reads a value that holds items of a FROM clause: a list, a join, a
// table, a subquery. Functions among them have no rows to lock.
func (w *walker) fromItems(items []fromItem) []fromItem {
	if w.peek() == '[' {
		w.open('[')
		for w.element() {
			items = w.fromItems(items)
		}
		return items
	}
	w.open('{')
	if w.peek() == '}' {
		w.pos++
		w.depth--
		return items
	}
	switch w.key() {
	case "RangeVar":
		items = append(items, w.fromTable())
	case "RangeSubselect":
		items = append(items, w.fromSubquery())
	case "JoinExpr", "RangeTableSample":
		items = w.fromParts(items)
	case "RangeFunction", "RangeTableFunc":
		w.skip()
	default:
		w.incomplete()
		w.skip()
	}
	w.expect('}')
	w.depth--
	return items
}

// fromParts reads the tables in a join or under TABLESAMPLE.
func (w *walker) fromParts(items []fromItem) []fromItem {
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "larg", "rarg", "relation":
			items = w.fromItems(items)
		default:
			w.skip()
		}
	}
	return items
}

// fromTable reads a table and its alias.
func (w *walker) fromTable() fromItem {
	var item fromItem
	start := w.pos
	item.table = w.rangeVar()
	item.alias = item.table.what.Name
	end := w.pos
	w.pos = start
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key == "alias" {
			item.alias = w.aliasName()
		} else {
			w.skip()
		}
	}
	if !w.failed {
		w.pos = end
	}
	return item
}

func (w *walker) aliasName() string {
	name := ""
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		if key == "aliasname" {
			name = w.str()
		} else {
			w.skip()
		}
	}
	return name
}

// fromSubquery reads a subquery and its alias. What it locks is what its own
// FROM clause has.
func (w *walker) fromSubquery() fromItem {
	var item fromItem
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "alias":
			item.alias = w.aliasName()
		case "subquery":
			item.query = w.fromQuery()
		default:
			w.skip()
		}
	}
	return item
}

// fromQuery reads {"SelectStmt":{…}} for its FROM clause.
func (w *walker) fromQuery() []fromItem {
	var items []fromItem
	w.expect('{')
	w.key()
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "fromClause":
			items = w.fromItems(items)
		case "withClause", "larg", "rarg":
			w.incomplete() // its names may be queries, or the server refuses it
			w.skip()
		default:
			w.skip()
		}
	}
	w.expect('}')
	return items
}
