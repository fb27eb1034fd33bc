package sqlguard_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Weeks before the night, observe mode finds what read-only mode would refuse, and lets it
// pass. Package httpmode's middleware gives the requests their routes.
func ExampleGuard_Report() {
	guard, _ := sqlguard.New(sqlguard.Config{})
	db := openShop(guard)
	defer db.Close()
	guard.Hold("rehearsal", sqlguard.Change{Mode: sqlguard.Observe})

	page := sqlguard.WithRoute(context.Background(), func() string { return "GET /orders/{id}" }, true)
	for id := range 3 {
		if _, err := db.ExecContext(page, "UPDATE visits SET n = ?", id); err != nil {
			fmt.Println(err)
		}
	}
	for _, s := range guard.Report().In(sqlguard.GroupReadRoute) {
		fmt.Printf("%s: %s, %d times, would %s\n", s.Label, s.Fingerprint, s.Count, s.Would)
	}
	// Output: GET /orders/{id}: UPDATE visits SET n = ?, 3 times, would refuse
}

// The core's own observer logs what happens, the same thing once a minute at most.
func ExampleNewSlogObserver() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: only("level", "msg", "op", "table")}))
	guard, _ := sqlguard.New(sqlguard.Config{Observer: sqlguard.NewSlogObserver(sqlguard.SlogConfig{Logger: logger})})
	db := openShop(guard)
	defer db.Close()
	guard.Hold("control-panel", sqlguard.Change{Mode: sqlguard.ReadOnly})
	for range 100 {
		db.Exec("DELETE FROM orders")
	}
	// Output:
	// level=WARN msg="quiesce: mode changed"
	// level=WARN msg="quiesce: statement rejected" op=DELETE
}

// only leaves out all other attributes, such as the time.
func only(keys ...string) func([]string, slog.Attr) slog.Attr {
	return func(_ []string, a slog.Attr) slog.Attr {
		for _, k := range keys {
			if a.Key == k {
				return a
			}
		}
		return slog.Attr{}
	}
}
