package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// modeRow is the row of the mode.
type modeRow struct {
	version      sql.NullInt64
	epoch, since sql.NullInt64
	record       sql.NullString
}

// modeColumns are those of a row of the mode, and returningMode is how a statement on another table
// returns them, from its own snapshot.
const (
	modeColumns   = `version, epoch, since, record`
	returningMode = `RETURNING (SELECT version FROM {p}mode WHERE id = 1), (SELECT epoch FROM {p}mode WHERE id = 1),
		(SELECT since FROM {p}mode WHERE id = 1), (SELECT record FROM {p}mode WHERE id = 1)`
)

// into is where the columns go.
func (r *modeRow) into() []any { return []any{&r.version, &r.epoch, &r.since, &r.record} }

// mode returns what the row says, if it is of this version and makes sense.
func (r *modeRow) mode() (m fleet.Mode, err error) {
	if !r.version.Valid {
		return m, fmt.Errorf("the record of the fleet is missing: run `quiesce init` first: %w", fleet.ErrNoSchema)
	}
	if r.version.Int64 != version {
		return m, fmt.Errorf("the tables are of version %d, this is version %d: run a quiesce that goes with them, or drop them and run `quiesce init`: %w",
			r.version.Int64, version, fleet.ErrNoSchema)
	}
	if err := decode("the mode", r.record.String, &m); err != nil {
		return fleet.Mode{}, err
	}
	m.Epoch, m.Since = uint64(r.epoch.Int64), instant(r.since.Int64)
	if err := m.Check(); err != nil {
		return fleet.Mode{}, fmt.Errorf("the record of the fleet is damaged: %w", err)
	}
	return m, nil
}

// Mode returns the record as it is now.
func (s *Store) Mode(ctx context.Context) (m fleet.Mode, err error) {
	err = s.call(ctx, "mode", func(q querier) (err error) {
		m, err = s.readMode(ctx, q, "")
		return err
	})
	return m, err
}

// readMode reads the mode, with a lock if the suffix says so.
func (s *Store) readMode(ctx context.Context, q querier, suffix string) (fleet.Mode, error) {
	var row modeRow
	err := q.QueryRowContext(ctx, s.sql("SELECT "+modeColumns+" FROM {p}mode WHERE id = 1"+suffix)).Scan(row.into()...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fleet.Mode{}, err
	}
	s.last.Store(&row)
	return row.mode()
}

// swapText changes the mode. The time of a change within one state stays that of the state.
const swapText = `UPDATE {p}mode SET
	epoch = {greatest}(epoch, (SELECT COALESCE(MAX(epoch), 0) FROM {p}instance)) + 1,
	since = CASE WHEN state = ? THEN since ELSE {now} END, state = ?, record = ?
	WHERE id = 1 AND version = ? AND epoch = ? RETURNING epoch, since`

// swapTexts do so in one statement. PostgreSQL notifies for each row that was changed: for none, if
// another was faster.
var swapTexts = map[string]string{
	Postgres: "WITH swapped AS (" + swapText + ") SELECT epoch, since, pg_notify('{channel}', '')::text FROM swapped",
	SQLite:   swapText + ", ''",
}

// Swap changes the mode, if its epoch is still expected.
func (s *Store) Swap(ctx context.Context, expected uint64, next fleet.Mode) (written fleet.Mode, err error) {
	written = next
	written.Epoch = 1 // which the store sets, as it does since
	if err := written.Check(); err != nil {
		return fleet.Mode{}, fmt.Errorf("the store: swap: %w", err)
	}
	written.Epoch, written.Since = 0, instant(0)
	record, err := encode(written)
	if err != nil {
		return fleet.Mode{}, fmt.Errorf("the store: swap: %w", err)
	}
	change := func(q querier) (err error) {
		written.Epoch, written.Since, err = s.swap(ctx, q, expected, next.State, record)
		return err
	}
	if s.dialect.returns {
		err = s.call(ctx, "swap", change)
	} else {
		err = s.transaction(ctx, "swap", change)
	}
	if err != nil {
		return fleet.Mode{}, err
	}
	return written, nil
}
