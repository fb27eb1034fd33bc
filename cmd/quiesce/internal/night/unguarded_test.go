package night_test

import (
	"context"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/cmd/quiesce/internal/operate"
)

// TestAWriterWithoutAGuardIsNamed leaves a transaction of another program open, as somebody's psql would.
func TestAWriterWithoutAGuardIsNamed(t *testing.T) {
	t.Parallel()
	p := build(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			server := e.server(t)
			s := &site{t: t, engine: e, store: server.Database(t), db: server.Database(t), programs: p}
			s.prepare()
			s.populate(1)
			s.writing()
			tx, err := s.direct.BeginTx(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			if _, err := tx.Exec(`INSERT INTO rows_written (instance, kind) VALUES ('psql', 'by hand')`); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				policy, state string
				left          string
			}{
				{operate.Reopen, "open", "the fleet is open again"},
				{operate.Keep, "closed", "the fleet is closed still"},
			} {
				code, out := s.quiesce(t.Context(), "on", "--reason", "a night", "--tail", tail.String())
				if code != operate.ExitOK {
					t.Fatalf("on: exit code %d\n%s", code, out)
				}
				code, out = s.quiesce(t.Context(), "wait", "--still", "1s", "--timeout", "8s", "--tail", tail.String(), "--on-timeout", tt.policy)
				if code != operate.ExitNotQuiet || !strings.Contains(out, "the database still saw writes") || !strings.Contains(out, tt.left) {
					t.Errorf("wait --on-timeout %s: exit code %d\n%s", tt.policy, code, out)
				}
				for _, who := range []string{"rows_written", "pid"} {
					if !strings.Contains(out, who) && !(who == "rows_written" && e.driver == "mysql") {
						t.Errorf("it does not say %q:\n%s", who, out)
					}
				}
				if _, out = s.quiesce(t.Context(), "status"); !strings.HasPrefix(out, tt.state+" ") {
					t.Errorf("after --on-timeout %s the fleet is\n%s", tt.policy, out)
				}
			}
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
			if code, out := s.quiesce(t.Context(), "wait", "--still", "1s", "--timeout", "40s", "--tail", tail.String()); code != operate.ExitOK {
				t.Errorf("without it, wait: exit code %d\n%s", code, out)
			}
			s.open()
		})
	}
}
