package verify

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// An engine is what differs between the kinds of databases. None of its statements writes,
// or takes a transaction id.
type engine interface {
	// prepare finds out what the server can tell, and fails if that is not enough.
	prepare(ctx context.Context, conn *sql.Conn) error
	// look looks once. What began closed ago or earlier is older than the close.
	look(ctx context.Context, conn *sql.Conn, closed time.Duration) (*look, error)
	// position asks where the log stands.
	position(ctx context.Context, conn *sql.Conn) (Position, error)
}

// A look is what a server shows at one time.
//
// The order within it is what the proof rests on: begin, then the sessions, then end. A
// transaction that commits between two looks was either a writer at the first look's
// sessions, or has moved the mark since the first look's begin. One that is open at the
// second look's sessions is a writer there, and one that came and went after them has moved
// the mark by the second look's end.
type look struct {
	started, ended time.Time // by this process's clock
	at             time.Time
	databases      []string

	begin, end counters
	writers    []writer
	leftOut    []LeftOutItem
}

// A writer is a Writer with what tells it from others in another look.
type writer struct {
	Writer
	transaction string
	// excused says that it counts only if the look before has seen it too.
	excused bool
}

// counters are what grows when a database is written to.
type counters struct {
	// mark changes with every write to the whole server at once, and with harmless
	// things too.
	mark string
	// objects are the tables, as the server tells them apart. Their counters may lag.
	objects map[string]object
	// sparse says that a table without counts may be missing, and tells nothing by that.
	sparse bool
	// others do not lag, and move without the mark or for a reason that excuses nobody:
	// sequences, DDL.
	others map[string]object
}

// An object is a table or a sequence.
type object struct {
	name                       string
	inserted, updated, deleted int64
	// state is what differs otherwise, such as a table's file or where a sequence stands;
	// changed is what a difference means.
	state, changed string
	// leftOut says that it may move.
	leftOut bool
}

// first is the report of a single look.
func (v *Verifier) first(l *look) Report {
	report := Report{Dialect: v.config.Dialect, Databases: l.databases, At: l.at, LeftOut: slices.Clone(l.leftOut)}
	for _, w := range l.writers {
		if w.excused {
			report.LeftOut = append(report.LeftOut, w.item())
		} else {
			report.Writers = append(report.Writers, w.Writer)
		}
	}
	return report
}

// judge compares two looks.
func (v *Verifier) judge(before, now *look) Report {
	report := Report{
		Dialect: v.config.Dialect, Databases: now.databases, At: now.at,
		// What lies between them for certain.
		StillSeconds: now.started.Sub(before.ended).Seconds(),
		LeftOut:      slices.Clone(now.leftOut),
	}
	report.addWriters(before, now)
	moved, leftOut := compare(before.begin.objects, now.end.objects, now.end.sparse)
	report.LeftOut = append(report.LeftOut, leftOut...)
	others, leftOut := compare(before.begin.others, now.end.others, false)
	report.LeftOut = append(report.LeftOut, leftOut...)

	unmarked := before.begin.mark == now.end.mark
	if unmarked {
		// Counters that move although nothing was written are those of earlier writes.
		for _, m := range moved {
			report.LeftOut = append(report.LeftOut, LeftOutItem{Kind: "late statistics", Name: m.Table,
				Detail: "of what was written before the first look"})
		}
		moved = nil
	}
	report.Moved = append(moved, others...)
	report.Quiet = len(report.Writers) == 0 && len(report.Moved) == 0
	if report.Quiet {
		report.Proof = v.proof(unmarked, report.StillSeconds)
	}
	return report
}

func (v *Verifier) proof(unmarked bool, still float64) string {
	marks := map[string]string{
		Postgres: "no transaction id was handed out on the whole server",
		MySQL:    "no row of any table was written on the whole server",
		SQLite:   "no other connection has committed or holds the write lock",
	}
	if unmarked {
		return fmt.Sprintf("no writer at two looks, and in the %s between them %s", seconds(still), marks[v.config.Dialect])
	}
	return fmt.Sprintf("no writer at two looks, and the counters of every table not left out stood still for the %s between them", seconds(still))
}

// addWriters adds those of the second look, and those of the first that are no more.
func (r *Report) addWriters(before, now *look) {
	for _, w := range now.writers {
		if w.excused && !w.in(before, r.StillSeconds) {
			r.LeftOut = append(r.LeftOut, w.item())
		} else {
			r.Writers = append(r.Writers, w.Writer)
		}
	}
	for _, w := range before.writers {
		if !w.excused && !w.in(now, 0) {
			w.Ended = true
			r.Writers = append(r.Writers, w.Writer)
		}
	}
}

// in reports whether the look shows the same. Without a transaction it is the same only if
// it is old enough.
func (w writer) in(l *look, age float64) bool {
	return slices.ContainsFunc(l.writers, func(o writer) bool {
		return o.PID == w.PID && o.transaction == w.transaction && (w.transaction != "" || w.AgeSeconds >= age)
	})
}

func (w writer) item() LeftOutItem {
	return LeftOutItem{Kind: "session", Name: fmt.Sprintf("pid %d %s", w.PID, w.User), Detail: w.Detail}
}

// compare returns what has moved, by name.
func compare(before, now map[string]object, sparse bool) (moved []Moved, leftOut []LeftOutItem) {
	add := func(o object, m Moved) {
		if m == (Moved{}) {
			return
		}
		m.Table = o.name
		if o.leftOut {
			leftOut = append(leftOut, LeftOutItem{Kind: "table", Name: o.name, Detail: m.how()})
			return
		}
		moved = append(moved, m)
	}
	for id, n := range now {
		b, known := before[id]
		if !known && !sparse {
			add(n, Moved{What: "created"})
			continue
		}
		if !known {
			b = object{name: n.name, state: n.state}
		}
		add(n, b.difference(n))
	}
	for id, b := range before {
		if _, known := now[id]; known {
			continue
		}
		if sparse {
			add(b, b.difference(object{name: b.name, state: b.state}))
		} else {
			add(b, Moved{What: "dropped"})
		}
	}
	slices.SortFunc(moved, func(a, b Moved) int { return strings.Compare(a.Table, b.Table) })
	slices.SortFunc(leftOut, func(a, b LeftOutItem) int { return strings.Compare(a.Name, b.Name) })
	return moved, leftOut
}

// difference is how the object became what it is now. A counter that has fallen was reset,
// which is a movement too.
func (o object) difference(now object) Moved {
	m := Moved{Inserted: now.inserted - o.inserted, Updated: now.updated - o.updated, Deleted: now.deleted - o.deleted}
	switch {
	case m.Inserted < 0 || m.Updated < 0 || m.Deleted < 0:
		return Moved{What: "its counters were reset"}
	case o.name != now.name:
		m.What = "renamed from " + o.name
	case o.state != now.state:
		m.What = now.changed
	}
	return m
}
