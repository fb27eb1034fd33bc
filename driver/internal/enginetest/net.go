package enginetest

import (
	"bytes"
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
)

// Netted is an engine whose pool has driver.NetSession.
type Netted struct {
	*Engine
	// Setting is a query for one value, which is On while the session refuses writes.
	Setting, On string
	// Own has the application set the same by itself.
	Own string
}

// setting returns what the engine itself says of a connection, around the guard.
func (n *Netted) setting(t *testing.T, conn *sql.Conn) (value string) {
	t.Helper()
	err := conn.Raw(func(c any) error {
		inner := c.(interface{ Unwrap() sqldriver.Conn }).Unwrap()
		rows, err := inner.(sqldriver.QueryerContext).QueryContext(t.Context(), n.Setting, nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		values := make([]sqldriver.Value, 1)
		if err := rows.Next(values); err != nil {
			return err
		}
		if b, ok := values[0].([]byte); ok {
			values[0] = string(b)
		}
		value = fmt.Sprint(values[0])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Hidden demands that the engine stops every statement of the corpus of which no text tells that it writes, after
// the fixture was made. beyond are those that no engine can stop, with the reason.
func Hidden(t *testing.T, n *Netted, fixture []string, beyond map[string]string) {
	for _, text := range fixture {
		if _, err := n.DB.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	stopped := 0
	for _, c := range corpus.Load(t, n.Corpus...) {
		if !c.Hard && !c.EngineOnly {
			continue
		}
		if why, ok := beyond[c.Text()]; ok {
			t.Logf("no engine stops %q: %s", c.Text(), why)
			continue
		}
		conn, err := n.DB.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range c.Pre {
			if _, err := conn.ExecContext(t.Context(), text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		for _, place := range []string{"with the mode off", "executed", "queried", "prepared"} {
			n.Set(t, sqlguard.ReadOnly)
			if place == "with the mode off" {
				n.Set(t, sqlguard.Off)
			}
			before := n.Dump()
			err := n.hidden(t, conn, c.Text(), place)
			changed := !bytes.Equal(before, n.Dump())
			if place == "with the mode off" {
				if err != nil || !changed {
					t.Fatalf("%q does not write: %v", c.Text(), err)
				}
				continue
			}
			if changed {
				t.Errorf("%q has written, %s", c.Text(), place)
			}
			if place != "queried" && place != "prepared" && !sqlguard.IsReadOnly(err) {
				t.Errorf("%q, %s: %v", c.Text(), place, err)
			}
			stopped++
		}
		conn.Close()
		n.Set(t, sqlguard.Off)
	}
	if stopped == 0 {
		t.Error("the corpus has none")
	}
}

func (n *Netted) hidden(t *testing.T, conn *sql.Conn, text, place string) error {
	switch place {
	case "queried":
		_, err := count(conn.QueryContext(t.Context(), text))
		return err
	case "prepared":
		s, err := conn.PrepareContext(t.Context(), text)
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = count(s.QueryContext(t.Context()))
		return err
	}
	_, err := conn.ExecContext(t.Context(), text)
	return err
}

// PutBack demands that what the application has set itself comes back, and that a bypass may write.
func PutBack(t *testing.T, n *Netted) {
	conn, err := n.DB.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	off := n.setting(t, conn)
	if off == n.On {
		t.Fatalf("the setting is %q at first", off)
	}
	for _, own := range []string{off, n.On} {
		if own == n.On {
			if _, err := conn.ExecContext(t.Context(), n.Own); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			for _, mode := range []sqlguard.Mode{sqlguard.ReadOnly, sqlguard.Off} {
				n.Set(t, mode)
				if _, err := count(conn.QueryContext(t.Context(), n.Count)); err != nil {
					t.Fatal(err)
				}
				want := own
				if mode == sqlguard.ReadOnly {
					want = n.On
				}
				if got := n.setting(t, conn); got != want {
					t.Errorf("the application has set %s: with the mode %v the setting is %s, want %s", own, mode, got, want)
				}
			}
		}
	}
	n.Set(t, sqlguard.ReadOnly)
	other, err := n.DB.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for range 2 {
		if _, err := count(other.QueryContext(t.Context(), n.Count)); err != nil {
			t.Fatal(err)
		}
		bypass := sqlguard.WithBypass(t.Context(), "test")
		tx, err := other.BeginTx(bypass, nil)
		if err == nil {
			_, err = tx.ExecContext(bypass, n.Insert)
		}
		if err == nil {
			err = tx.Commit()
		}
		if err == nil {
			_, err = other.ExecContext(bypass, n.Insert)
		}
		if err != nil {
			t.Errorf("a bypass: %v", err)
		}
	}
}

// RoundTrips demands one round trip for each connection and flip. e.DB must be on w, and not ask the server
// whether connections still work.
func RoundTrips(t *testing.T, n *Netted, w *Wire) {
	const size = 4
	n.DB.SetMaxIdleConns(size)
	n.DB.SetMaxOpenConns(size)
	use := func() int64 {
		before := w.Writes.Load()
		var conns []*sql.Conn
		for range size {
			c, err := n.DB.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, err := c.ExecContext(t.Context(), n.Count); err != nil {
					t.Fatal(err)
				}
			}
			conns = append(conns, c)
		}
		for _, c := range conns {
			c.Close()
		}
		return w.Writes.Load() - before
	}
	use()
	plain := use()
	for _, mode := range []sqlguard.Mode{sqlguard.ReadOnly, sqlguard.Off, sqlguard.ReadOnly, sqlguard.Off} {
		n.Set(t, mode)
		if first, second := use(), use(); first != plain+size || second != plain {
			t.Errorf("after a flip to %v there were %d round trips, and then %d; want %d and %d", mode, first, second, plain+size, plain)
		}
	}
}

// Flips flips a guard a thousand times amid the users of a pool, and then looks at every connection. texts are
// what users run besides, whatever becomes of it; kill ends a session of the pool's.
func Flips(t *testing.T, n *Netted, texts []string, kill func()) {
	const flips, size = 1000, 6
	n.DB.SetMaxIdleConns(size)
	n.DB.SetMaxOpenConns(size)
	var done atomic.Bool
	var uses atomic.Int64
	var users sync.WaitGroup
	for i := range size + 2 {
		users.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(i)))
			for !done.Load() {
				n.use(random, texts)
				uses.Add(1)
			}
		})
	}
	for i := range flips {
		n.Set(t, []sqlguard.Mode{sqlguard.ReadOnly, sqlguard.Off}[i%2])
		for was := uses.Load(); uses.Load() < was+2; {
			if i%50 == 0 && kill != nil {
				kill()
			}
			n.DB.PingContext(t.Context())
		}
	}
	done.Store(true)
	users.Wait()
	for _, mode := range []sqlguard.Mode{sqlguard.Off, sqlguard.ReadOnly, sqlguard.Off} {
		n.Set(t, mode)
		var conns []*sql.Conn
		for range size {
			c, err := n.DB.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
			if _, err := c.ExecContext(t.Context(), n.Count); err != nil {
				t.Error(err)
			}
			if on := n.setting(t, c) == n.On; on != (mode == sqlguard.ReadOnly) {
				t.Errorf("with the mode %v a connection refuses writes: %t", mode, on)
			}
			if mode == sqlguard.Off {
				if _, err := c.ExecContext(t.Context(), n.Insert); err != nil {
					t.Error(err)
				}
			}
		}
		for _, c := range conns {
			c.Close()
		}
	}
}

// use is one of the things that users do. What becomes of it depends on the mode.
func (n *Netted) use(random *rand.Rand, texts []string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch random.IntN(9) {
	case 0:
		if tx, err := n.DB.BeginTx(ctx, nil); err == nil {
			tx.Exec(n.Insert)
			tx.Commit()
		}
	case 1:
		if tx, err := n.DB.BeginTx(ctx, nil); err == nil {
			count(tx.Query(n.Count))
			cancel()
			tx.Rollback()
		}
	case 2:
		if s, err := n.DB.Prepare(n.Insert); err == nil {
			s.Exec()
			s.Close()
		}
	case 3:
		cancel()
		n.DB.ExecContext(ctx, n.Insert)
	case 4:
		go cancel()
		n.DB.QueryRowContext(ctx, n.Count).Scan(new(int))
	case 5:
		n.DB.ExecContext(sqlguard.WithBypass(ctx, "test"), n.Insert)
	case 6:
		if c, err := n.DB.Conn(ctx); err == nil {
			for _, text := range slices.Concat([]string{"BEGIN", n.Insert}, []string{[]string{"COMMIT", "ROLLBACK"}[random.IntN(2)]}) {
				c.ExecContext(ctx, text)
			}
			c.ExecContext(ctx, "ROLLBACK")
			c.Close()
		}
	case 7:
		if len(texts) > 0 {
			n.DB.ExecContext(ctx, texts[random.IntN(len(texts))])
		}
	default:
		n.DB.ExecContext(ctx, n.Count)
	}
}
