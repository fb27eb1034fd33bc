package fleet_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/filesource"
	"github.com/quiescehq/quiesce/sqlguard/fleet/fleettest"
)

// A program of one's own may do what the command quiesce does: close writing everywhere, wait until
// the last write is over, work, and open again.
func ExampleOperator() {
	ctx := context.Background()
	store := fleettest.NewMemory() // a real one is opened by package store
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	member, err := fleet.Join(ctx, guard, store, fleet.Config{Service: "web", Heartbeat: 50 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	defer member.Leave(ctx)
	if err := member.Ready(ctx); err != nil {
		log.Fatal(err)
	}

	operator, err := fleet.NewOperator(store, fleet.OperatorConfig{Actor: "ada"})
	if err != nil {
		log.Fatal(err)
	}
	terms := fleet.Terms{MinInstances: 1}
	closed, err := operator.Close(ctx, 0, sqlguard.Change{Reason: "move to the new host"}, terms)
	if err != nil {
		log.Fatal(err) // and the fleet is open again
	}
	snapshot, err := operator.Wait(ctx, closed, terms)
	fmt.Println(err, snapshot.AssessClosed(closed.Op, terms).Ready, guard.Mode())

	opened, err := operator.Open(ctx, closed.Epoch, "the dump is done")
	fmt.Println(err, opened.State)
	// Output:
	// <nil> 1 read-only
	// <nil> open
}

// Where there is no store, processes may follow a file, such as a ConfigMap's. Nobody knows then
// who has read it.
func ExampleFollow() {
	folder, err := os.MkdirTemp("", "mode")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "mode.json")
	if err := os.WriteFile(file, []byte(`{"mode": "read-only", "message": "Back at noon."}`), 0o600); err != nil {
		log.Fatal(err)
	}
	source, err := filesource.Open(filesource.Config{Path: file})
	if err != nil {
		log.Fatal(err)
	}
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	changed, stop := guard.Subscribe()
	defer stop()
	go fleet.Follow(ctx, guard, source, fleet.FollowConfig{})
	for guard.State().Message == "" {
		<-changed
	}
	fmt.Println(guard.Mode(), guard.State().Message)
	// Output: read-only Back at noon.
}
