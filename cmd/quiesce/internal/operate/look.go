package operate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// writeLine writes one JSON line.
func writeLine(w io.Writer, v any) {
	if text, err := json.Marshal(v); err == nil {
		fmt.Fprintf(w, "%s\n", text)
	}
}

// StatusOut is what status says.
type StatusOut struct {
	fleet.Snapshot
	// Alarms are what a person should look at.
	Alarms []string `json:"alarms,omitempty"`
}

func (o StatusOut) String() string {
	text := describe(o.Mode)
	if o.Mode.Change.Message != "" {
		text += "\nmessage: " + o.Mode.Change.Message
	}
	text += "\n" + table(o.Snapshot)
	for _, a := range o.Alarms {
		text += "\nALARM: " + a
	}
	return text
}

// table lists processes.
func table(s fleet.Snapshot) string {
	if len(s.Instances) == 0 {
		return "no process is registered"
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "INSTANCE\tSERVICE\tVERSION\tSTANDING\tEPOCH\tSEEN\tLEASE\tOPEN")
	for _, p := range s.AssessClosed(s.Mode.Op, fleet.Terms{}).Positions {
		open := "-"
		if p.Open > 0 {
			open = fmt.Sprintf("%d, oldest %s", p.Open, p.Oldest.Round(100*time.Millisecond))
		}
		lease := p.ExpiresIn.Round(time.Second).String()
		if p.ExpiresIn <= 0 {
			lease = "expired " + (-p.ExpiresIn).Round(time.Second).String() + " ago"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s ago\t%s\t%s\n", p.ID, p.Service, cmp.Or(p.Version, "-"), standing(s.Mode, p),
			p.Epoch, s.Now.Sub(p.Seen).Round(time.Second), lease, open)
	}
	w.Flush()
	return strings.TrimRight(b.String(), "\n")
}

// standing says how a process is, in the state that the fleet is in.
func standing(m fleet.Mode, p fleet.Position) string {
	if m.State == fleet.Closed || p.Standing == fleet.Lost || p.Standing == fleet.Foreign {
		return string(p.Standing)
	}
	if m.Op != "" && p.Bound == m.Op {
		return string(fleet.Bound)
	}
	return "writing"
}

// Status tells what the fleet is.
func Status(ctx context.Context, d Deps, t Target) (out StatusOut, err error) {
	s, _, err := d.open(ctx, t)
	if err != nil {
		return out, because(ctx, err)
	}
	defer s.Close()
	if out.Snapshot, err = s.List(ctx); err != nil {
		return out, because(ctx, err)
	}
	out.Snapshot.Instances = noNull(out.Snapshot.Instances)
	if until := out.Mode.Change.Until; out.Mode.State != fleet.Open && !until.IsZero() && out.Now.After(until) {
		out.Alarms = append(out.Alarms, fmt.Sprintf("the end was expected %s ago, and the fleet is %s still", out.Now.Sub(until).Round(time.Second), out.Mode.State))
	}
	for _, p := range out.AssessClosed(out.Mode.Op, fleet.Terms{}).Positions {
		switch {
		case p.Alarm != "":
			out.Alarms = append(out.Alarms, p.ID+": "+p.Alarm)
		case p.Standing == fleet.Lost || p.Standing == fleet.Foreign:
			out.Alarms = append(out.Alarms, p.String())
		}
	}
	return out, nil
}

// InstancesOut is what instances says.
type InstancesOut struct{ fleet.Snapshot }

func (o InstancesOut) String() string { return table(o.Snapshot) }

// Instances lists the processes.
func Instances(ctx context.Context, d Deps, t Target) (out InstancesOut, err error) {
	s, _, err := d.open(ctx, t)
	if err != nil {
		return out, because(ctx, err)
	}
	defer s.Close()
	out.Snapshot, err = s.List(ctx)
	out.Snapshot.Instances = noNull(out.Snapshot.Instances)
	return out, because(ctx, err)
}

// noNull returns an empty list for none, which JSON shows as one.
func noNull[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// LogOut is the audit log.
type LogOut []fleet.Entry

func (o LogOut) String() string {
	var b strings.Builder
	for n, e := range o {
		if n > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s  %-7s %d→%d  %s  %s", e.Time.UTC().Format("2006-01-02 15:04:05"), e.Action, e.Before, e.After, e.Actor, firstLine(e.Result))
		if e.Reason != "" {
			b.WriteString("  (" + e.Reason + ")")
		}
	}
	if len(o) == 0 {
		return "the log is empty"
	}
	return b.String()
}

// Log returns the latest entries of the audit log.
func Log(ctx context.Context, d Deps, t Target, limit int) (LogOut, error) {
	if limit < 1 {
		return nil, usage("--limit must be at least 1, not %d", limit)
	}
	s, _, err := d.open(ctx, t)
	if err != nil {
		return nil, because(ctx, err)
	}
	defer s.Close()
	entries, err := s.Log(ctx, limit)
	return LogOut(noNull(entries)), because(ctx, err)
}

// ReportOut is what the processes have found in observe mode.
type ReportOut struct {
	Processes []fleet.InstanceReport `json:"processes"`
	// Statements are those of all processes, the most frequent first.
	Statements []Found `json:"statements"`
}

// Found is a statement that would have been refused or skipped.
type Found struct {
	sqlguard.ObservedStatement
	Processes int `json:"processes"`
}

func (o ReportOut) String() string {
	if len(o.Processes) == 0 {
		return "no process has observed anything: quiesce on --observe --reason \"…\" has the fleet observe"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d processes have observed\n", len(o.Processes))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CALLS\tWOULD\tOPERATION\tTABLES\tROUTE\tWHY")
	for _, f := range o.Statements {
		names := []string{}
		for _, t := range f.Tables {
			if name := t.String(); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		route := cmp.Or(f.Label, "-")
		if f.ReadRoute {
			route += " (should only read)"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", f.Count, f.Would, f.Op, strings.Join(names, ", "), route, f.Why)
	}
	w.Flush()
	return strings.TrimRight(b.String(), "\n")
}

// Report merges what the processes have found in observe mode.
func Report(ctx context.Context, d Deps, t Target, since time.Duration) (out ReportOut, err error) {
	s, _, err := d.open(ctx, t)
	if err != nil {
		return out, because(ctx, err)
	}
	defer s.Close()
	var from time.Time
	if since > 0 {
		from = d.Now().Add(-since)
	}
	if out.Processes, err = s.Reports(ctx, from); err != nil {
		return out, because(ctx, err)
	}
	type key struct{ fingerprint, dialect, label string }
	all := map[key]*Found{}
	for _, p := range out.Processes {
		for _, st := range p.Report.Statements {
			k := key{st.Fingerprint, st.Dialect, st.Label}
			if f := all[k]; f != nil {
				f.Count += st.Count
				f.Processes++
				continue
			}
			all[k] = &Found{st, 1}
		}
	}
	out.Processes, out.Statements = noNull(out.Processes), noNull(out.Statements)
	for _, f := range all {
		out.Statements = append(out.Statements, *f)
	}
	slices.SortFunc(out.Statements, func(a, b Found) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Fingerprint, b.Fingerprint), strings.Compare(a.Label, b.Label))
	})
	return out, nil
}
