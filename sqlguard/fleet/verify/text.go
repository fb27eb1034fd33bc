package verify

import (
	"fmt"
	"strings"
	"time"
)

// String is the report for an operator: a sentence, then a line for each writer, each table
// that moved, and each thing left out. It ends without a newline.
func (r Report) String() string {
	var b strings.Builder
	where := fmt.Sprintf("%s %s", r.Dialect, strings.Join(r.Databases, ", "))
	switch {
	case r.Quiet:
		fmt.Fprintf(&b, "quiet: %s: %s", where, r.Proof)
	case r.StillSeconds == 0:
		fmt.Fprintf(&b, "not proven yet: %s: first look", where)
	default:
		fmt.Fprintf(&b, "NOT quiet: %s: between two looks %s apart", where, seconds(r.StillSeconds))
	}
	for _, w := range r.Writers {
		fmt.Fprintf(&b, "\n  writer: %s", w)
	}
	for _, m := range r.Moved {
		fmt.Fprintf(&b, "\n  moved: %s", m)
	}
	for _, l := range r.LeftOut {
		fmt.Fprintf(&b, "\n  left out: %s", l)
	}
	if r.Position != nil {
		fmt.Fprintf(&b, "\n  position: %s", r.Position)
	}
	return b.String()
}

// String names the writer and what it holds in one line.
func (w Writer) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	if w.PID != 0 {
		add("pid", fmt.Sprint(w.PID))
	}
	add("user", printable(w.User))
	add("application", printable(w.Application))
	add("database", printable(w.Database))
	add("from", printable(w.Client))
	who := strings.Join(parts, ", ")
	if who == "" {
		who = "somebody"
	}
	text := fmt.Sprintf("%s: %s, age %s", who, w.Detail, seconds(w.AgeSeconds))
	if w.Ended {
		text += " (over by the second look)"
	}
	return text
}

// String says how the table moved in one line.
func (m Moved) String() string { return printable(m.Table) + ": " + m.how() }

func (m Moved) how() string {
	var parts []string
	if m.What != "" {
		parts = append(parts, printable(m.What))
	}
	for _, rows := range []struct {
		n    int64
		what string
	}{{m.Inserted, "inserted"}, {m.Updated, "updated"}, {m.Deleted, "deleted"}} {
		if rows.n != 0 {
			parts = append(parts, fmt.Sprintf("%+d %s", rows.n, rows.what))
		}
	}
	return strings.Join(parts, ", ")
}

// String names what was left out in one line.
func (l LeftOutItem) String() string {
	text := l.Kind
	if l.Name != "" {
		text += " " + printable(l.Name)
	}
	if l.Detail != "" {
		text += ": " + l.Detail
	}
	return text
}

// String is the position as the server's own tools write it.
func (p Position) String() string {
	var parts []string
	if p.LSN != "" {
		parts = append(parts, "LSN "+p.LSN)
	}
	if p.File != "" {
		parts = append(parts, fmt.Sprintf("binary log %s:%d", p.File, p.Offset))
	}
	if p.GTID != "" {
		parts = append(parts, "GTID "+p.GTID)
	}
	if p.Note != "" {
		parts = append(parts, p.Note)
	}
	return strings.Join(parts, ", ")
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}

// printable keeps a name that a client chose, such as application_name, from acting on the
// operator's terminal.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return '?'
		}
		return r
	}, name)
}
