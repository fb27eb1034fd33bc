package mysql_test

import (
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/mysql"
)

// Who follows a connection's transactions must hear of the one that begins.
func TestAChainedTransactionBeginsAtOnce(t *testing.T) {
	for text, tx := range map[string]sqlguard.Tx{
		"COMMIT AND CHAIN": sqlguard.TxCommit, "ROLLBACK WORK AND CHAIN": sqlguard.TxRollback,
		"COMMIT AND CHAIN NO RELEASE": sqlguard.TxCommit,
	} {
		v := mysql.Dialect{}.Classify(text)
		if v.Class != sqlguard.Session || len(v.Parts) != 2 || v.Parts[0].Tx != tx || v.Parts[1].Tx != sqlguard.TxBegin {
			t.Errorf("%s: %+v", text, v)
		}
	}
	v := mysql.Dialect{}.Classify("SELECT 1; COMMIT AND CHAIN; COMMIT AND NO CHAIN")
	if len(v.Parts) != 4 || v.Parts[2].Tx != sqlguard.TxBegin || v.Parts[3].Tx != sqlguard.TxCommit {
		t.Errorf("%+v", v)
	}
}
