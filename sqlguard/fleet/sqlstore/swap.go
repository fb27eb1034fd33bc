package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// swap writes a record, and returns its epoch and since when its state is.
func (s *Store) swap(ctx context.Context, q querier, expected uint64, state fleet.State, record string) (uint64, time.Time, error) {
	if !s.dialect.returns {
		return s.swapLocked(ctx, q, expected, state, record)
	}
	if expected > maxEpoch { // which no column has
		return 0, time.Time{}, s.conflict(ctx, q, expected, "")
	}
	var epoch, since int64
	var nothing sql.NullString
	err := q.QueryRowContext(ctx, s.sql(swapTexts[s.dialect.name]), string(state), string(state), record, version, int64(expected)).
		Scan(&epoch, &since, &nothing)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, time.Time{}, s.conflict(ctx, q, expected, "")
	}
	return uint64(epoch), instant(since), err
}

// conflict returns the error of a swap that came too late.
func (s *Store) conflict(ctx context.Context, q querier, expected uint64, suffix string) error {
	current, err := s.readMode(ctx, q, suffix)
	if err != nil {
		return err
	}
	return &fleet.ConflictError{Expected: expected, Current: current}
}

// swapLocked is swap in a transaction, for MySQL. All lock the row of the mode before those of
// processes, and what processes have seen is read without a lock, so no two wait for each other.
func (s *Store) swapLocked(ctx context.Context, q querier, expected uint64, state fleet.State, record string) (uint64, time.Time, error) {
	current, err := s.readMode(ctx, q, " FOR UPDATE")
	if err != nil {
		return 0, time.Time{}, err
	}
	if current.Epoch != expected {
		return 0, time.Time{}, &fleet.ConflictError{Expected: expected, Current: current}
	}
	var highest, epoch, since int64
	err = q.QueryRowContext(ctx, s.sql("SELECT COALESCE(MAX(epoch), 0) FROM {p}instance")).Scan(&highest)
	if err != nil {
		return 0, time.Time{}, err
	}
	// MySQL assigns from left to right, so the state comes after what looks at it.
	_, err = q.ExecContext(ctx, s.sql(`UPDATE {p}mode SET epoch = GREATEST(epoch, ?) + 1,
		since = CASE WHEN state = ? THEN since ELSE {now} END, state = ?, record = ? WHERE id = 1`),
		highest, string(state), string(state), record)
	if err != nil {
		return 0, time.Time{}, err
	}
	err = q.QueryRowContext(ctx, s.sql("SELECT epoch, since FROM {p}mode WHERE id = 1")).Scan(&epoch, &since)
	return uint64(epoch), instant(since), err
}
