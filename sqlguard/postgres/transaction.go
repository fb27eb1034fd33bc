package postgres

import "github.com/quiescehq/quiesce/sqlguard"

// transaction judges BEGIN, COMMIT, ROLLBACK, the savepoints and two-phase
// commit.
func (w *walker) transaction() {
	kind := ""
	chain, readWrite := false, false
	w.open('{')
	for key, ok := w.field(); ok; key, ok = w.field() {
		switch key {
		case "kind":
			kind = w.str()
		case "options":
			readWrite = w.readWrite()
		case "chain":
			chain = w.scalar() == "true"
		default:
			w.skip()
		}
	}
	v := &w.verdict
	switch kind {
	case "TRANS_STMT_BEGIN", "TRANS_STMT_START":
		w.control("BEGIN", sqlguard.TxBegin)
	case "TRANS_STMT_COMMIT":
		w.control("COMMIT", sqlguard.TxCommit)
	case "TRANS_STMT_ROLLBACK":
		w.control("ROLLBACK", sqlguard.TxRollback)
	case "TRANS_STMT_SAVEPOINT":
		w.control("SAVEPOINT", sqlguard.TxSavepoint)
	case "TRANS_STMT_RELEASE":
		w.control("RELEASE SAVEPOINT", sqlguard.TxRelease)
	case "TRANS_STMT_ROLLBACK_TO":
		w.control("ROLLBACK TO SAVEPOINT", sqlguard.TxRollbackTo)
	case "TRANS_STMT_PREPARE":
		w.twoPhase("PREPARE TRANSACTION", "keeps the transaction's writes for a later COMMIT PREPARED")
	case "TRANS_STMT_COMMIT_PREPARED":
		w.twoPhase("COMMIT PREPARED", "makes writes of an earlier transaction visible")
	case "TRANS_STMT_ROLLBACK_PREPARED":
		w.twoPhase("ROLLBACK PREPARED", "throws writes of an earlier transaction away")
	default:
		w.unknown = true
	}
	if readWrite {
		w.raise(sqlguard.Escape, v.Op, "asks for a read-write transaction")
	}
	w.chained = chain
}

func (w *walker) control(op sqlguard.Op, tx sqlguard.Tx) {
	w.raise(sqlguard.Session, op, "controls the transaction")
	w.verdict.Tx = tx
}

func (w *walker) twoPhase(op sqlguard.Op, why string) {
	w.raise(sqlguard.Write, op, why)
	w.incomplete()
}

// readWrite reads the modes of a transaction and reports whether READ WRITE is
// among them. That a READ ONLY beside it may win does not matter.
func (w *walker) readWrite() bool {
	found := false
	w.open('[')
	for w.element() {
		mode := w.option()
		if mode.name == "transaction_read_only" && !mode.value.isTrue() {
			found = true
		}
	}
	return found
}

// chainedBegin is the second half of COMMIT AND CHAIN: the server begins a new
// transaction at once, with the modes of the one before.
func chainedBegin() sqlguard.Verdict {
	return sqlguard.Verdict{
		Class: sqlguard.Session, Op: "BEGIN", Tx: sqlguard.TxBegin, Complete: true,
		Why: "controls the transaction",
	}
}
