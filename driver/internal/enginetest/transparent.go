package enginetest

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Scenario is something that the users of a driver rely on.
type Scenario struct {
	Name string
	// Parameters are added to the DSN.
	Parameters string
	// Reads says that nothing is written, so that read-only mode changes nothing.
	Reads bool
	// Want is what the bare driver gives: what was said, a line each.
	Want []string
	Play func(*Player)
}

// Pools opens the pools of a test of transparency.
type Pools struct {
	// Open opens a pool that g guards, or a bare one if g is nil. The bare ones and the
	// guarded ones have a database each, which are alike.
	Open func(t testing.TB, parameters string, g *sqlguard.Guard) *sql.DB
	// Session is a query for what tells a session of the server from others. If empty,
	// there is none.
	Session string
	// Busy is a query for whether the server works on a long statement.
	Busy string
}

// Transparent plays each scenario on a bare pool and on a guarded one with the mode
// off, and in read-only mode too where nothing is written. All must give the same:
// values with their types, errors with their types and texts, and the session that is
// used afterwards.
func Transparent(t *testing.T, pools Pools, scenarios []Scenario) {
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			bare := pools.play(t, s, nil)
			if !slices.Equal(bare.said, s.Want) {
				t.Errorf("the bare driver says\n\t%s\nwant\n\t%s", lines(bare.said), lines(s.Want))
			}
			g, err := sqlguard.New(sqlguard.Config{})
			if err != nil {
				t.Fatal(err)
			}
			bare.compare("with the mode off", pools.play(t, s, g))
			if !s.Reads {
				return
			}
			if err := g.Hold("test", sqlguard.Change{Mode: sqlguard.ReadOnly}); err != nil {
				t.Fatal(err)
			}
			bare.compare("in read-only mode", pools.play(t, s, g))
			if n := g.Counts().Rejected; n != 0 {
				t.Errorf("in read-only mode, %d statements were refused", n)
			}
		})
	}
}

func lines(said []string) string { return strings.Join(said, "\n\t") }

// Player is a pool, in whose place a scenario is played, and what it says.
// The pool has one connection, unless the scenario allows more: so who gets a
// connection waits for the one before.
type Player struct {
	testing.TB
	DB *sql.DB

	pools   Pools
	session any // that was there at first
	said    []string
	texts   []string // of errors, which are compared, but may differ from server to server
}

func (pools Pools) play(t *testing.T, s Scenario, g *sqlguard.Guard) *Player {
	t.Helper()
	db := pools.Open(t, s.Parameters, g)
	defer db.Close()
	db.SetMaxOpenConns(1)
	p := &Player{TB: t, DB: db, pools: pools}
	p.session = p.current()
	s.Play(p)
	db.SetMaxOpenConns(1)
	now := p.current() // which waits for the connection, if something still has it
	switch {
	case now == nil:
	case now == p.session:
		p.said = append(p.said, "the same session")
	default:
		p.said = append(p.said, "another session")
	}
	if stats := db.Stats(); stats.InUse != 0 || stats.OpenConnections != 1 {
		t.Errorf("%d connections are in use and %d open, want 0 and 1", stats.InUse, stats.OpenConnections)
	}
	return p
}

// current returns what tells the session.
func (p *Player) current() (id any) {
	p.Helper()
	if p.pools.Session == "" {
		if err := p.DB.Ping(); err != nil {
			p.Fatal(err)
		}
		return nil
	}
	if err := p.DB.QueryRow(p.pools.Session).Scan(&id); err != nil {
		p.Fatal(err)
	}
	return id
}

func (p *Player) compare(when string, other *Player) {
	p.Helper()
	if !slices.Equal(p.said, other.said) {
		p.Errorf("%s the guarded driver says\n\t%s\nthe bare one\n\t%s", when, lines(other.said), lines(p.said))
	}
	if !slices.Equal(p.texts, other.texts) {
		p.Errorf("%s the guarded driver's errors are\n\t%s\nthe bare one's\n\t%s", when, lines(other.texts), lines(p.texts))
	}
}

// Say says a line: each value with its type, an error with its code.
func (p *Player) Say(what string, values ...any) {
	line := what + ":"
	for _, v := range values {
		line += " " + p.describe(v)
	}
	p.said = append(p.said, line)
}

func (p *Player) describe(v any) string {
	err, failed := v.(error)
	if !failed {
		return described(v)
	}
	p.texts = append(p.texts, err.Error())
	name := fmt.Sprintf("%T", err)
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		return name + " " + state.SQLState()
	}
	if e := reflect.Indirect(reflect.ValueOf(err)); e.Kind() == reflect.Struct && e.FieldByName("Number").IsValid() {
		return fmt.Sprint(name, " ", e.FieldByName("Number"))
	}
	switch err {
	case sql.ErrNoRows, sql.ErrTxDone, sql.ErrConnDone,
		sqldriver.ErrBadConn, context.Canceled, context.DeadlineExceeded:
		return err.Error()
	}
	return name
}

func described(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string, int, bool:
		return fmt.Sprint(v)
	case []byte:
		return fmt.Sprintf("bytes(%s)", v)
	}
	return fmt.Sprintf("%T(%v)", v, v)
}
