package sqlguard_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Each holder asks for a mode by its own name, and takes back what it asked for by
// that name. The strictest of all is in force.
func ExampleGuard_Hold() {
	guard, err := sqlguard.New(sqlguard.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard.Hold("rehearsal", sqlguard.Change{Mode: sqlguard.Observe})
	guard.Hold("control-panel", sqlguard.Change{
		Mode: sqlguard.ReadOnly, Anonymous: true,
		Reason: "move to the new host", Message: "Back at six.", By: "ada",
	})
	s := guard.State()
	fmt.Println(s.Mode, s.Anonymous, s.Message)

	guard.Release("control-panel")
	fmt.Println(guard.Mode())
	// Output:
	// read-only true Back at six.
	// observe
}

// A policy names the writes that nobody would miss, and the functions that only
// read although the guard does not know them.
func ExamplePolicy() {
	_, err := sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{
		Rules: []sqlguard.Rule{
			{Tables: []string{"page_views", "audit.*"}, Action: sqlguard.Skip},
			{Tables: []string{"jobs"}, Ops: []sqlguard.Op{sqlguard.OpLock}, Action: sqlguard.Allow},
		},
		Readers: []string{"price_of", "geo.*"},
	}})
	fmt.Println(err)

	_, err = sqlguard.New(sqlguard.Config{Policy: sqlguard.Policy{
		Rules: []sqlguard.Rule{{Tables: []string{""}, Action: sqlguard.Skip}},
	}})
	fmt.Println(err)
	// Output:
	// <nil>
	// sqlguard: Policy.Rules[0].Tables[0]: "" is empty; expected name or schema.name
}

// Ask before side effects that no database undoes.
func ExampleGuard_Writable() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	guard.Hold("fleet", sqlguard.Change{Mode: sqlguard.ReadOnly})

	sendInvoice := func(ctx context.Context) error {
		if err := guard.Writable(ctx); err != nil {
			return fmt.Errorf("send invoice: %w", err)
		}
		return nil
	}
	err := sendInvoice(context.Background())
	fmt.Println(errors.Is(err, sqlguard.ErrReadOnly))
	fmt.Println(err)
	// Output:
	// true
	// send invoice: quiesce: refused in read-only mode: writing is closed
}

// A subscription says that something has changed; the state says what.
func ExampleGuard_Subscribe() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	changed, stop := guard.Subscribe()
	defer stop()

	<-changed
	fmt.Println(guard.Mode())
	guard.Hold("fleet", sqlguard.Change{Mode: sqlguard.ReadOnly})
	<-changed
	fmt.Println(guard.Mode())
	// Output:
	// off
	// read-only
}
