package enginetest

import (
	"context"
	"time"
)

// writeAcross sits out the flip in a transaction that has written. Then it goes on to
// write, longer where there is grace, or commits at once.
func writeAcross(ctx context.Context, u *FlipUnit) (rows int, err error) {
	tx, err := u.DB.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	if err := u.exec(ctx, tx, u.Insert(0)); err != nil {
		return 0, err
	}
	u.linger(u.across)
	u.pause()
	more := u.more()
	for range more {
		if err := u.exec(ctx, tx, u.Insert(0)); err != nil {
			return 0, err
		}
		u.pause()
	}
	if err := u.commit(tx.Commit); err != nil {
		return 0, err
	}
	return 1 + more, nil
}

// more is how many writes there are after the flip.
func (u *flipUnit) more() int {
	switch now, p := time.Now(), &u.promises; {
	case isAfter(now, &p.cut):
		return 0 // so that the cut is all that keeps it from being committed
	case isAfter(now, &p.closed) && !isAfter(now, &p.refuses):
		if u.Chance(2) {
			return 100 // it is refused long before
		}
		return 1 + u.rng.IntN(8) // some get that far before grace is over
	}
	return u.rng.IntN(2)
}

// linger sits out the flip, if that is about to come, and tells whoever waits for that.
func (u *flipUnit) linger(told chan<- struct{}) {
	select {
	case <-u.all:
	default:
		return
	}
	enough := time.After(20 * u.nap) // the flip may wait for this writer to write
	for {
		select {
		case told <- struct{}{}:
		case <-u.flipped:
			return
		case <-enough:
			return
		}
	}
}
