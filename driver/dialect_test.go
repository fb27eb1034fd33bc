package driver_test

import (
	"strings"

	"github.com/quiescehq/quiesce/sqlguard"
)

// keywords is a dialect for tests: it knows a statement by its first words, and
// parts a text at semicolons. CREATE commits in passing, as in MySQL; a SAVEPOINT
// may begin a transaction, as in SQLite.
type keywords struct{}

func (keywords) Name() string { return "keywords" }

func (keywords) Classify(sql string) sqlguard.Verdict {
	var parts []sqlguard.Verdict
	for text := range strings.SplitSeq(sql, ";") {
		if words := strings.Fields(text); len(words) > 0 {
			parts = append(parts, byWords(words))
		}
	}
	return sqlguard.Combine(parts)
}

func byWords(words []string) sqlguard.Verdict {
	op := sqlguard.Op(words[0])
	v := sqlguard.Verdict{Class: sqlguard.Session, Op: op, Complete: true, Why: "test"}
	for _, w := range words {
		v.Functions = v.Functions || strings.Contains(w, "(")
	}
	switch words[0] {
	case "SELECT":
		v.Class = sqlguard.Read
		if words[1] == "unknown()" {
			v.Class, v.Calls = sqlguard.Unproven, []string{"unknown"}
		}
	case "DECLARE": // c, and what it reads from
		v.Class, v.Declares = sqlguard.Read, words[1]
		v.Functions = strings.Contains(words[2], "(")
		if words[2] == "unknown()" {
			v.Class, v.Calls = sqlguard.Unproven, []string{"unknown"}
		}
	case "FETCH":
		v.Class, v.Calls = sqlguard.Unproven, []string{"cursor " + words[1]}
	case "INSERT":
		v.Class, v.Tables = sqlguard.Write, []sqlguard.Table{{Name: words[2], Op: op}}
	case "CREATE":
		v.Class, v.Commits = sqlguard.Schema, true
	case "BEGIN":
		v.Tx = sqlguard.TxBegin
	case "COMMIT":
		v.Tx = sqlguard.TxCommit
	case "ROLLBACK":
		v.Tx = sqlguard.TxRollback
		if len(words) > 1 {
			v.Tx = sqlguard.TxRollbackTo
		}
	case "SAVEPOINT":
		v.Tx = sqlguard.TxSavepoint
	case "RELEASE":
		v.Tx = sqlguard.TxRelease
	case "SET":
		v.Shadows = words[1] == "search_path"
		switch strings.Join(words[1:], " ") {
		case "autocommit 0":
			v.Tx = sqlguard.TxBegin
		case "autocommit 1":
			v.Commits = true
		}
	case "XA":
		v.Class = sqlguard.Write
	case "PRAGMA":
		v.Class, v.AtPrepare = sqlguard.Escape, true
	default:
		return sqlguard.NotUnderstood("test")
	}
	return v
}
