package pgx

import (
	"context"

	jackc "github.com/jackc/pgx/v5"

	"github.com/quiescehq/quiesce/sqlguard"
)

// knot is what the net knows of a connection: what a drain waits for.
type knot struct {
	work  sqlguard.Conn
	open  int  // how many statements are marked on it
	wrote bool // the open transaction may have: it has run something while the mode was not read-only
	// copying is whether one is a CopyFrom, of whose end pgx does not tell if it cannot be prepared.
	copying bool
}

// passes marks a statement, and reports whether nothing is to be judged: the mode is off and nobody asks for the
// database's fence, or a session has let it pass and marked it, or it is the guard's own.
func (n *net) passes(ctx context.Context, c *jackc.Conn, text string) bool {
	data := c.PgConn().CustomData()
	s, ok := data[sessionOf].(*session)
	if ok && s.sending && s.guard == n.guard || ctx.Value(ownKey{}) != nil {
		return true
	}
	k, ok := data[n.key].(*knot)
	if !ok {
		k = new(knot)
		n.guard.Attach(&k.work, dialect{})
		data[n.key] = k
	}
	k.work.Enter(ctx, text)
	k.open++
	mode := k.work.Mode()
	k.wrote = k.wrote || mode != sqlguard.ReadOnly
	return mode == sqlguard.Off && !k.work.Fences()
}

// ended marks the end of a statement. One of a transaction that may have written stays marked until that
// is over: nothing else keeps its commit from coming.
func (n *net) ended(c *jackc.Conn, err error) {
	pg := c.PgConn()
	k, ok := pg.CustomData()[n.key].(*knot)
	if !ok {
		return
	}
	if pg.IsBusy() { // with another statement, whose rows are open: this one was not sent
		if k.open > 1 {
			k.open--
			k.work.Leave()
		}
		return
	}
	idle, stay := pg.TxStatus() == 'I' || pg.IsClosed(), 0
	if !idle && k.wrote {
		stay = 1
	}
	for ; k.open > stay; k.open-- {
		if err != nil && pg.IsClosed() {
			k.work.Lost()
		} else {
			k.work.Leave()
		}
	}
	k.wrote, k.copying = k.wrote && !idle, false
}
