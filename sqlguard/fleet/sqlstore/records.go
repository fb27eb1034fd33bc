package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// registerText writes a record, in place of the one that is there.
const registerText = `INSERT INTO {p}instance (id, lease, ttl, registered, seen, epoch, record, report)
	VALUES (?, ?, ?, {start}, {start}, ?, ?, ?) `

// replaceText is what follows it where the record is there.
const replaceText = `ON CONFLICT (id) DO UPDATE SET lease = excluded.lease, ttl = excluded.ttl, registered = excluded.seen,
	seen = excluded.seen, epoch = excluded.epoch, record = excluded.record, report = excluded.report `

// lockedMode reads the mode as it is by then, which is later than the statement's snapshot, and has it stay so until the
// transaction ends (FOR SHARE, in READ COMMITTED). Else the mode could change between the snapshot and
// the commit, and a process that nobody has seen would be told that it is open.
const lockedMode = `WITH locked AS (SELECT ` + modeColumns + ` FROM {p}mode WHERE id = 1 FOR SHARE) `

// Register writes the record of a process, and returns the mode.
func (s *Store) Register(ctx context.Context, i fleet.Instance) (fleet.Mode, error) {
	arguments, err := s.row(i)
	if err != nil {
		return fleet.Mode{}, fmt.Errorf("the store: register: %w", err)
	}
	if !s.dialect.returns {
		return s.registerLocked(ctx, arguments)
	}
	text := registerText + replaceText + returningMode
	if s.dialect.name == Postgres {
		text = lockedMode + strings.ReplaceAll(text, "FROM {p}mode WHERE id = 1", "FROM locked")
	}
	return s.returning(ctx, "register", text, arguments...)
}

// row returns what is kept of a record.
func (s *Store) row(i fleet.Instance) ([]any, error) {
	if err := errors.Join(i.Check(), checkEpoch(i.Epoch)); err != nil {
		return nil, err
	}
	report, err := encode(i.Report)
	if err != nil {
		return nil, err
	}
	key, lease, epoch := quote(i.ID), quote(i.Lease), int64(i.Epoch)
	// The rest is in columns.
	ttl := s.dialect.ttl(i.TTL)
	i.Report, i.Registered, i.Seen, i.ExpiresIn = fleet.Report{}, instant(0), instant(0), 0
	record, err := encode(i)
	if err != nil {
		return nil, err
	}
	return []any{key, lease, ttl, epoch, record, report}, nil
}

// returning runs a statement on a record that returns the mode, for one row or none.
func (s *Store) returning(ctx context.Context, method, text string, arguments ...any) (m fleet.Mode, err error) {
	err = s.call(ctx, method, func(q querier) (err error) {
		var row modeRow
		err = q.QueryRowContext(ctx, s.sql(text), arguments...).Scan(row.into()...)
		if errors.Is(err, sql.ErrNoRows) {
			return fleet.ErrExpired
		}
		if err == nil {
			m, err = row.mode()
		}
		return err
	})
	return m, err
}

// valid is the condition under which a record may be renewed.
const valid = `id = ? AND lease = ? AND seen + ttl >= {now} `

// Heartbeat renews a record that is valid still, and returns the mode.
func (s *Store) Heartbeat(ctx context.Context, id, lease string, r fleet.Report) (fleet.Mode, error) {
	err := checkEpoch(r.Epoch)
	report, failure := encode(r)
	if err := errors.Join(err, failure); err != nil {
		return fleet.Mode{}, fmt.Errorf("the store: heartbeat: %w", err)
	}
	if !s.dialect.returns {
		return s.heartbeatConditional(ctx, quote(id), quote(lease), int64(r.Epoch), report)
	}
	return s.returning(ctx, "heartbeat", `UPDATE {p}instance SET seen = {now}, epoch = ?, report = ? WHERE `+valid+returningMode,
		int64(r.Epoch), report, quote(id), quote(lease))
}

// Leave removes the record with that id and lease.
func (s *Store) Leave(ctx context.Context, id, lease string) error {
	_, err := s.change(ctx, "leave", "DELETE FROM {p}instance WHERE id = ? AND lease = ?", quote(id), quote(lease))
	return err
}

// Forget removes the record with that id, if it has expired.
func (s *Store) Forget(ctx context.Context, id string) (bool, error) {
	n, err := s.change(ctx, "forget", "DELETE FROM {p}instance WHERE id = ? AND seen + ttl < {now}", quote(id))
	return n > 0, err
}

// change returns how many rows a statement has changed.
func (s *Store) change(ctx context.Context, method, text string, arguments ...any) (n int64, err error) {
	err = s.call(ctx, method, func(q querier) error {
		result, err := q.ExecContext(ctx, s.sql(text), arguments...)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	return n, err
}

// listText returns the mode, in a row whose id is NULL, and all records: one statement, so one snapshot.
const listText = `SELECT NULL AS id, '' AS lease, version AS a, epoch AS b, since AS c, %s AS d, record, '' AS report FROM {p}mode WHERE id = 1
	UNION ALL SELECT id, lease, ttl, registered, seen, 0, record, report FROM {p}instance`

// List returns the fleet.
func (s *Store) List(ctx context.Context) (all fleet.Snapshot, err error) {
	err = s.call(ctx, "list", func(q querier) (err error) {
		all, err = s.list(ctx, q)
		return err
	})
	return all, err
}

func (s *Store) list(ctx context.Context, q querier) (fleet.Snapshot, error) {
	now := s.dialect.before
	if now == "" {
		var us int64
		if err := q.QueryRowContext(ctx, s.sql("SELECT {now}")).Scan(&us); err != nil {
			return fleet.Snapshot{}, err
		}
		now = fmt.Sprint(us)
	}
	var all fleet.Snapshot
	var mode modeRow
	rows, err := q.QueryContext(ctx, s.sql(fmt.Sprintf(listText, now)))
	err = each(rows, err, func(scan func(...any) error) error {
		var id sql.NullString
		var a, b, c, d int64
		var lease, record, report string
		if err := scan(&id, &lease, &a, &b, &c, &d, &record, &report); err != nil {
			return err
		}
		if !id.Valid {
			number := func(n int64) sql.NullInt64 { return sql.NullInt64{Int64: n, Valid: true} }
			mode = modeRow{number(a), number(b), number(c), sql.NullString{String: record, Valid: true}}
			all.Now = instant(d)
			return nil
		}
		i, err := instanceOf(id.String, lease, a, b, c, record, report)
		all.Instances = append(all.Instances, i)
		return err
	})
	if err == nil {
		all.Mode, err = mode.mode()
	}
	if err != nil {
		return fleet.Snapshot{}, err
	}
	for n := range all.Instances {
		i := &all.Instances[n]
		i.ExpiresIn += i.Seen.Sub(all.Now)
	}
	slices.SortFunc(all.Instances, func(a, b fleet.Instance) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// instanceOf returns the record of a row. ExpiresIn is how long after it was seen, until the time is known.
func instanceOf(key, lease string, ttl, registered, seen int64, record, report string) (i fleet.Instance, err error) {
	if err := decode("a record", record, &i); err != nil {
		return i, err
	}
	if err := decode("a report", report, &i.Report); err != nil {
		return i, err
	}
	if i.ID, err = unquote(key); err != nil {
		return i, err
	}
	if i.Lease, err = unquote(lease); err != nil {
		return i, err
	}
	i.Registered, i.Seen = instant(registered), instant(seen)
	i.ExpiresIn = time.Duration(ttl) * time.Microsecond
	return i, nil
}
