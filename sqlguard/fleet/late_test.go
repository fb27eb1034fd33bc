package fleet

import (
	"testing"
	"testing/synctest"
)

// TestAMemberThatJoinsAFleetThatTakesTheFence is of a process that was started while the fleet is armed or closed: it does not write, and
// does not keep the operation from going on.
func TestAMemberThatJoinsAFleetThatTakesTheFence(t *testing.T) {
	for _, record := range []Mode{armed, closed} {
		t.Run(string(record.State), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newWire()
				record.Op, record.Fence = "op", true
				store.set(t, record)
				j := newJoined(t, store)
				j.conn.End()
				j.settle()
				j.settle()
				j.want("it is bound", j.report().Bound == "op")
				j.want("it does not write", !j.writes())
				j.conn.Detach()
				j.Member.stop()
				<-j.stopped
			})
		})
	}
}
