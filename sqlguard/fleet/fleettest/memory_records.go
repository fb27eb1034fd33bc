package fleettest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// record is that of a process; what the store sets is set when it is read.
type record struct{ fleet.Instance }

// expired reports whether the record is valid no more. At the very instant at which its
// lease ends it still is.
func (r record) expired(now time.Time) bool { return now.After(r.Seen.Add(r.TTL)) }

// Register writes the record of a process.
func (m *Memory) Register(ctx context.Context, i fleet.Instance) (mode fleet.Mode, err error) {
	if err := i.Check(); err != nil {
		return fleet.Mode{}, err
	}
	err = m.do(ctx, "Register", func(s *shared, now time.Time) error {
		i.Registered, i.Seen = now, now
		s.records[i.ID] = record{i}
		mode = s.mode
		return nil
	})
	return zeroIf(mode, err)
}

// Heartbeat renews a record that is valid still.
func (m *Memory) Heartbeat(ctx context.Context, id, lease string, r fleet.Report) (mode fleet.Mode, err error) {
	err = m.do(ctx, "Heartbeat", func(s *shared, now time.Time) error {
		found, ok := s.records[id]
		if !ok || found.Lease != lease || found.expired(now) {
			return fleet.ErrExpired
		}
		found.Report, found.Seen = r, now
		s.records[id] = found
		mode = s.mode
		return nil
	})
	return zeroIf(mode, err)
}

// Leave removes a record, if it is of that lease.
func (m *Memory) Leave(ctx context.Context, id, lease string) error {
	return m.do(ctx, "Leave", func(s *shared, _ time.Time) error {
		if s.records[id].Lease == lease {
			delete(s.records, id)
		}
		return nil
	})
}

// Forget removes a record that has expired.
func (m *Memory) Forget(ctx context.Context, id string) (was bool, err error) {
	err = m.do(ctx, "Forget", func(s *shared, now time.Time) error {
		found, ok := s.records[id]
		if was = ok && found.expired(now); was {
			delete(s.records, id)
		}
		return nil
	})
	return zeroIf(was, err)
}

// List returns the fleet.
func (m *Memory) List(ctx context.Context) (all fleet.Snapshot, err error) {
	err = m.do(ctx, "List", func(s *shared, now time.Time) error {
		all = fleet.Snapshot{Mode: s.mode, Now: now}
		for _, r := range s.records {
			r.ExpiresIn = r.Seen.Add(r.TTL).Sub(now)
			all.Instances = append(all.Instances, r.Instance)
		}
		slices.SortFunc(all.Instances, func(a, b fleet.Instance) int { return cmp.Compare(a.ID, b.ID) })
		return nil
	})
	return zeroIf(all, err)
}

// Audit appends an entry.
func (m *Memory) Audit(ctx context.Context, e fleet.Entry) error {
	if len(e.Details) > 0 && !json.Valid(e.Details) {
		return errors.New("the field Entry.Details must be JSON")
	}
	return m.do(ctx, "Audit", func(s *shared, now time.Time) error {
		e.Time, e.Details = now, slices.Clone(e.Details)
		s.log = append(s.log, e)
		return nil
	})
}

// Log returns the latest entries.
func (m *Memory) Log(ctx context.Context, limit int) (latest []fleet.Entry, err error) {
	err = m.do(ctx, "Log", func(s *shared, _ time.Time) error {
		latest = slices.Clone(s.log[max(0, len(s.log)-max(0, limit)):])
		return nil
	})
	return zeroIf(latest, err)
}

// SaveReport keeps what a process has found.
func (m *Memory) SaveReport(ctx context.Context, id, service string, r sqlguard.Report) error {
	if id == "" {
		return errors.New("the id of a process that saves a report must not be empty")
	}
	return m.do(ctx, "SaveReport", func(s *shared, now time.Time) error {
		s.reports[id] = fleet.InstanceReport{Instance: id, Service: service, Saved: now, Report: r}
		return nil
	})
}

// Reports returns what was saved at that time or later, by id.
func (m *Memory) Reports(ctx context.Context, since time.Time) (found []fleet.InstanceReport, err error) {
	err = m.do(ctx, "Reports", func(s *shared, _ time.Time) error {
		for _, r := range s.reports {
			if !r.Saved.Before(since) {
				found = append(found, r)
			}
		}
		slices.SortFunc(found, func(a, b fleet.InstanceReport) int { return cmp.Compare(a.Instance, b.Instance) })
		return nil
	})
	return zeroIf(found, err)
}

// DropReports removes all findings.
func (m *Memory) DropReports(ctx context.Context) error {
	return m.do(ctx, "DropReports", func(s *shared, _ time.Time) error {
		clear(s.reports)
		return nil
	})
}
