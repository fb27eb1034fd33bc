package sqlguard

import (
	"context"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// What is kept is bounded, whatever is sent.
const (
	maxStatements = 1000
	maxTexts      = 4096 // whose fingerprint is remembered
	maxLabel      = 128
	maxCaller     = 256
	maxWhy        = 256
)

// reporter keeps what observe mode sees. A statement that was seen before costs a
// hash of its text and a look into a map; its fingerprint and caller are only made for a
// new one.
type reporter struct {
	sync.Mutex
	since      time.Time
	texts      map[textKey]*ObservedStatement // nil for what had no place
	statements map[statementKey]*ObservedStatement
	dropped    uint64
	longest    longest
}

// common is what the calls of one ObservedStatement have in common, beside the text.
type common struct {
	dialect, label  string
	op              Op
	class           Class
	would           Decision
	bypassed, reads bool
}

type textKey struct {
	common
	hash   uint64
	length int
}

type statementKey struct {
	common
	fingerprint string
}

var textSeed = maphash.MakeSeed()

// began reports whether anything was ever observed.
func (r *reporter) began() bool {
	r.Lock()
	defer r.Unlock()
	return !r.since.IsZero()
}

// begin forgets what was seen.
func (r *reporter) begin(now time.Time) {
	r.Lock()
	defer r.Unlock()
	r.since = now
	r.texts = make(map[textKey]*ObservedStatement)
	r.statements = make(map[statementKey]*ObservedStatement)
	r.dropped = 0
	r.longest.forget()
}

// note keeps what an event tells of a statement, on a connection if that is known.
func (r *reporter) note(ctx context.Context, e Event, bypassed bool, c *Conn) {
	l, text := labelOf(ctx), ""
	if c != nil {
		text = c.entered()
		if l.name == nil && c.tx.ctx != nil {
			l = labelOf(c.tx.ctx)
		}
	}
	name := l.String() // the caller's code, so not under the lock
	if len(name) > maxLabel {
		name = clip(name, maxLabel)
	}
	all := common{
		dialect: e.Dialect, label: name, op: e.Op, class: e.Class,
		would: e.Would, bypassed: bypassed, reads: l.reads,
	}
	r.Lock()
	defer r.Unlock()
	s := r.find(all, e, text)
	if s == nil {
		r.dropped++
		return
	}
	s.Last = time.Now()
	s.Count++
	if ctx == context.Background() || ctx == context.TODO() {
		s.NoContext++
	}
}

// find returns where to count a statement, nil if there is no place for it.
func (r *reporter) find(all common, e Event, text string) *ObservedStatement {
	if _, known := lexers[e.Dialect]; !known || text == "" {
		return r.place(all, e, summary(e))
	}
	key := textKey{all, maphash.String(textSeed, text), len(text)}
	s, known := r.texts[key]
	if known {
		return s
	}
	s = r.place(all, e, printed(e, text))
	if len(r.texts) >= maxTexts {
		clear(r.texts)
	}
	if s == nil {
		key.label = clip(key.label, maxLabel)
	} else {
		key.label = s.Label
	}
	r.texts[key] = s
	return s
}

// place returns the statement with a fingerprint, nil if there is no place for a
// new one.
func (r *reporter) place(all common, e Event, fingerprint string) *ObservedStatement {
	key := statementKey{all, fingerprint}
	if s, known := r.statements[key]; known {
		return s
	}
	if len(r.statements) >= maxStatements {
		return nil
	}
	key.label = clip(key.label, maxLabel)
	s := &ObservedStatement{
		Fingerprint: fingerprint, Dialect: e.Dialect, Class: e.Class, Op: e.Op, Tables: someTables(e.Tables),
		Why: clip(e.Why, maxWhy), Would: e.Would, Bypassed: all.bypassed,
		Label: key.label, ReadRoute: all.reads, First: time.Now(), Caller: caller(),
	}
	r.statements[key] = s
	return s
}

// printed returns the fingerprint of a text. Where it could show a value, it is a
// number, made from what comes before the doubt, so that no value can be guessed from it either.
func printed(e Event, text string) string {
	fp, certain := fingerprint(lexers[e.Dialect], text)
	if certain && e.Op != OpUnknown {
		return fp
	}
	h := fnv.New64a()
	h.Write([]byte(fp)) // never fails
	return fmt.Sprintf("%s #%016x", summary(e), h.Sum64())
}

// summary stands for a text that is not there, or must not be shown.
func summary(e Event) string {
	s := string(e.Op)
	if len(e.Tables) > 0 && e.Op != OpUnknown {
		s += " (" + tableList(someTables(e.Tables)) + ")"
	}
	return clip(s, maxFingerprint-len(" #0123456789abcdef"))
}

// maxName bounds the names of tables.
const maxName = 128

// someTables returns the first tables, in memory of their own.
func someTables(tables []Table) []Table {
	tables = slices.Clone(tables[:min(len(tables), maxListed)])
	for i, t := range tables {
		tables[i] = Table{Schema: clip(t.Schema, maxName), Name: clip(t.Name, maxName), Op: t.Op}
	}
	return tables
}

// copy returns what was seen.
func (r *reporter) copy() Report {
	r.Lock()
	defer r.Unlock()
	out := Report{
		Since: r.since, Dropped: r.dropped,
		Statements:   make([]ObservedStatement, 0, len(r.statements)),
		Transactions: r.longest.copy(),
	}
	for _, s := range r.statements {
		seen := *s
		seen.Tables = slices.Clone(s.Tables)
		out.Statements = append(out.Statements, seen)
	}
	return out
}
