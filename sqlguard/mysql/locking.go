package mysql

import "github.com/quiescehq/quiesce/sqlguard"

// locking judges statements that do nothing but lock and unlock. It reports
// false for other statements.
func (p *parser) locking() bool {
	switch string(p.word()) {
	case "lock":
		p.lockTables()
	case "unlock":
		p.raise(sqlguard.Lock, sqlguard.OpUnlock, "releases table locks")
		p.v.Commits = true
		p.skipRest()
	case "backup":
		if p.aheadIs("unlock") {
			p.raise(sqlguard.Lock, sqlguard.OpUnlock, "releases a backup lock")
		} else {
			p.raise(sqlguard.Lock, sqlguard.OpLock, "takes a backup lock")
		}
		p.v.Commits = true
		p.skipRest()
	case "flush":
		p.flush()
	default:
		return false
	}
	return true
}

// lockTables judges LOCK TABLES and LOCK INSTANCE FOR BACKUP.
func (p *parser) lockTables() {
	p.raise(sqlguard.Lock, sqlguard.OpLock, "locks tables")
	p.v.Commits = true
	p.shift()
	if !p.is("table") && !p.is("tables") {
		p.v.Why = "locks the instance"
		p.skipRest()
		return
	}
	p.shift()
	for complete := true; ; p.shift() {
		t, ok := p.tableName(sqlguard.OpLock)
		if !ok {
			p.skipRest()
			return
		}
		p.addTable(t)
		for !p.end() && !p.isOp(",") {
			complete = complete && !p.isOp("(")
			p.shift()
		}
		if p.end() {
			p.v.Complete = complete
			return
		}
	}
}

// flush judges FLUSH, which locks with … WITH READ LOCK and … FOR EXPORT.
func (p *parser) flush() {
	p.raise(sqlguard.Schema, "FLUSH", "flushes")
	p.v.Commits = true
	for !p.end() {
		if p.is("read") && p.aheadIs("lock") || p.is("export") && p.prev.Is(p.src, "for") {
			p.v.Class, p.v.Op, p.v.Why = sqlguard.Lock, sqlguard.OpLock, "locks tables against writes"
		}
		p.shift()
	}
}
