package httpmode_test

import (
	"net/http"
	"testing"

	"github.com/quiescehq/quiesce/driver/sqlite"
	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// TestARefusalOfATransactionsIsTheRequests has a handler call tx.Exec, which takes no context.
func TestARefusalOfATransactionsIsTheRequests(t *testing.T) {
	g := newGuard(t)
	db, err := sqlite.Open(":memory:", g)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	hold(t, g, readOnly)
	s := handle(t, httpmode.Config{Guard: g}, func(w http.ResponseWriter, r *http.Request) {
		tx, err := db.BeginTx(r.Context(), nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer tx.Rollback()
		if _, err := tx.Exec("DELETE FROM orders"); !sqlguard.IsReadOnly(err) {
			t.Errorf("not refused: %v", err)
		}
		http.Error(w, "the order could not be deleted", http.StatusInternalServerError)
	})
	s.do(t, "POST", "/", "").wantMaintenance(t, httpmode.CauseWrite)
}
