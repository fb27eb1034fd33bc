package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// Audit appends an entry.
func (s *Store) Audit(ctx context.Context, e fleet.Entry) error {
	if len(e.Details) > 0 && !json.Valid(e.Details) {
		return errors.New("the store: audit: the field Entry.Details must be JSON")
	}
	e.Time = instant(0) // which is in a column
	record, err := encode(e)
	if err != nil {
		return fmt.Errorf("the store: audit: %w", err)
	}
	_, err = s.change(ctx, "audit", "INSERT INTO {p}audit (at, record) VALUES ({now}, ?)", record)
	return err
}

// Log returns the latest entries, the oldest of them first; none if the limit is not positive.
func (s *Store) Log(ctx context.Context, limit int) (latest []fleet.Entry, err error) {
	err = s.call(ctx, "log", func(q querier) error {
		latest = nil
		rows, err := q.QueryContext(ctx, s.sql("SELECT at, record FROM {p}audit ORDER BY id DESC LIMIT ?"), int64(max(limit, 0)))
		return each(rows, err, func(scan func(...any) error) error {
			var at int64
			var record string
			var e fleet.Entry
			if err := scan(&at, &record); err != nil {
				return err
			}
			err := decode("an entry", record, &e)
			e.Time = instant(at)
			latest = append(latest, e)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(latest)
	return latest, nil
}

// reportRow is what is kept of a report.
type reportRow struct {
	Service string          `json:"service"`
	Report  sqlguard.Report `json:"report"`
}

// saveTexts put a report in the place of the one that is there.
var saveTexts = map[bool]string{
	true:  "ON CONFLICT (id) DO UPDATE SET saved = excluded.saved, record = excluded.record",
	false: "ON DUPLICATE KEY UPDATE saved = VALUES(saved), record = VALUES(record)",
}

// SaveReport keeps what a process has found. It fails if the id is empty, or longer than 128 bytes.
func (s *Store) SaveReport(ctx context.Context, id, service string, r sqlguard.Report) error {
	if id == "" || len(id) > 128 {
		return errors.New("the store: save a report: the id of the process must be 1 to 128 bytes long")
	}
	record, err := encode(reportRow{service, r})
	if err != nil {
		return fmt.Errorf("the store: save a report: %w", err)
	}
	_, err = s.change(ctx, "save a report", "INSERT INTO {p}report (id, saved, record) VALUES (?, {now}, ?) "+
		saveTexts[s.dialect.returns], quote(id), record)
	return err
}

// Reports returns what was saved at that time or later, by id.
func (s *Store) Reports(ctx context.Context, since time.Time) (found []fleet.InstanceReport, err error) {
	err = s.call(ctx, "reports", func(q querier) error {
		found = nil
		rows, err := q.QueryContext(ctx, s.sql("SELECT id, saved, record FROM {p}report WHERE saved >= ?"), since.UnixMicro())
		return each(rows, err, func(scan func(...any) error) error {
			var key, record string
			var saved int64
			var row reportRow
			if err := scan(&key, &saved, &record); err != nil {
				return err
			}
			id, err := unquote(key)
			found = append(found, fleet.InstanceReport{Instance: id, Saved: instant(saved)})
			err = errors.Join(err, decode("a report", record, &row))
			last := &found[len(found)-1]
			last.Service, last.Report = row.Service, row.Report
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b fleet.InstanceReport) int { return cmp.Compare(a.Instance, b.Instance) })
	return found, nil
}

// DropReports removes all findings.
func (s *Store) DropReports(ctx context.Context) error {
	_, err := s.change(ctx, "drop the reports", "DELETE FROM {p}report")
	return err
}
