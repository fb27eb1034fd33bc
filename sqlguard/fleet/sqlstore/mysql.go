package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// lockMode has the mode stay as it is until the transaction ends. MySQL and MariaDB have the
// same words for it.
const lockMode = " LOCK IN SHARE MODE"

// registerLocked is Register for MySQL.
func (s *Store) registerLocked(ctx context.Context, arguments []any) (m fleet.Mode, err error) {
	err = s.transaction(ctx, "register", func(q querier) (err error) {
		if m, err = s.readMode(ctx, q, lockMode); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, s.sql(registerText+`ON DUPLICATE KEY UPDATE lease = VALUES(lease), ttl = VALUES(ttl),
			registered = VALUES(seen), seen = VALUES(seen), epoch = VALUES(epoch), record = VALUES(record), report = VALUES(report)`), arguments...)
		return err
	})
	if err != nil {
		return fleet.Mode{}, err
	}
	return m, nil
}

// heartbeatText renews a record on the condition that the mode is a certain one, to the last byte: after a failover that lost
// an epoch there may be another one with the same number.
const heartbeatText = `UPDATE {p}instance AS i JOIN {p}mode AS m
	ON m.id = 1 AND m.version = ? AND m.epoch = ? AND m.since = ? AND m.record = ?
	SET i.seen = {now}, i.epoch = ?, i.report = ? WHERE i.id = ? AND i.lease = ? AND i.seen + i.ttl >= {now}`

// heartbeatConditional is Heartbeat for MySQL: one statement while the mode does not change.
func (s *Store) heartbeatConditional(ctx context.Context, key, lease string, epoch int64, report string) (m fleet.Mode, err error) {
	if last := s.last.Load(); last != nil {
		if m, err = last.mode(); err == nil {
			n, err := s.change(ctx, "heartbeat", heartbeatText, version, last.epoch, last.since, last.record,
				epoch, report, key, lease)
			if err != nil {
				return fleet.Mode{}, err
			}
			if n > 0 {
				return m, nil
			}
		}
	}
	err = s.transaction(ctx, "heartbeat", func(q querier) (err error) {
		if m, err = s.readMode(ctx, q, lockMode); err != nil {
			return err
		}
		return s.renew(ctx, q, key, lease, epoch, report)
	})
	if err != nil {
		return fleet.Mode{}, err
	}
	return m, nil
}

// renew renews a record. That it is valid is read first, because MySQL counts the rows that
// a statement changes, not those that it finds.
func (s *Store) renew(ctx context.Context, q querier, key, lease string, epoch int64, report string) error {
	var found int
	err := q.QueryRowContext(ctx, s.sql("SELECT 1 FROM {p}instance WHERE "+valid+"FOR UPDATE"), key, lease).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return fleet.ErrExpired
	}
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, s.sql("UPDATE {p}instance SET seen = {now}, epoch = ?, report = ? WHERE id = ?"), epoch, report, key)
	return err
}
