package postgres

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quiescehq/quiesce/internal/suites"
	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/postgres"
)

// patience is how long one statement may take before its connection is given up. The
// server's own statement_timeout is shorter, but a suite may change that.
const patience = 30 * time.Second

// replay plays scripts on a server, and asks the server before each
// statement what it would say if it were read-only.
type replay struct {
	config *pgconn.Config
	conn   *pgconn.PgConn
	folder string // of the suite: its data files are read here, not by the server
	tally  *suites.Tally
	byOp   map[sqlguard.Op]int // statements of opaque code that ran, which are Writes by design
	kinds  map[string]int      // how many statements were set aside, by kind
	skip   int                 // not played, for one reason or another
}

// disturbing matches what would reach beyond the scratch database, or wait for
// others, and so is not played.
var disturbing = regexp.MustCompile(`(?is)^\s*(alter\s+system|(create|drop|alter)\s+(tablespace|database|subscription)|load\s)` +
	`|tablespace\s+regress|pg_(terminate|cancel)_backend|pg_reload_conf|pg_rotate_logfile|pg_promote|pg_switch_wal|replication_slot|` +
	`pg_logical_slot|pg_create_restore_point|pg_backup_start|pg_log_backend_memory|pg_sleep`)

// control matches what begins and ends transactions, which cannot be tried out and taken back.
// None of it is ever refused by a read-only server.
var control = regexp.MustCompile(`(?is)^\s*(begin|start|commit|end|rollback|abort|savepoint|release|prepare\s+transaction|set\s+(local\s+|session\s+)?(transaction|session\s+characteristics))\b`)

func (r *replay) connect(user string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if r.conn != nil {
		r.conn.Close(ctx)
	}
	config := r.config.Copy()
	if user != "" {
		config.User = user
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err == nil {
		r.conn = conn
	}
	return err
}

// file plays one script, which begins a new connection.
func (r *replay) file(path string, vars map[string]string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := r.connect(""); err != nil {
		return err
	}
	s := &script{text: string(text), vars: vars}
	s.escapes = func() bool { return r.conn.ParameterStatus("standard_conforming_strings") == "off" }
	source, err := filepath.Rel(r.folder, path)
	if err != nil {
		return err
	}
	for p, ok := s.next(); ok; p, ok = s.next() {
		if r.conn.IsClosed() {
			if err := r.connect(""); err != nil {
				return err
			}
		}
		r.piece(s, p, source)
	}
	return nil
}

// piece plays a query or a command.
func (r *replay) piece(s *script, p piece, source string) {
	switch p.command {
	case "", "g", "gx", "gset", "gexec", "crosstabview":
		if strings.TrimSpace(p.query) == "" {
			return
		}
		if disturbing.MatchString(p.query) || s.escapes() {
			r.skip++
			return
		}
		rows := r.statement(s, p, source)
		switch p.command {
		case "gset":
			gset(s, rows, p.args)
		case "gexec":
			for _, sql := range cells(rows) {
				r.statement(s, piece{line: p.line, query: sql}, source)
			}
		}
	case "c", "connect":
		words := s.words(p.args)
		user := ""
		if len(words) > 1 && words[1] != "-" {
			user = words[1]
		}
		if r.connect(user) != nil {
			r.skip++
		}
	case "copy":
		r.copy(s, p)
	case "getenv": // PG_ABS_SRCDIR and its like are variables already
	default:
		if p.query != "" {
			r.skip++
		}
	}
}

// statement asks the server about a statement, counts it, and sees to it that it was
// executed as far as it can be.
func (r *replay) statement(s *script, p piece, source string) []result {
	st := suites.Statement{
		Source: source + ":" + strconv.Itoa(p.line), SQL: p.query,
		Verdict: postgres.Dialect{}.Classify(p.query),
	}
	sql, in := r.client(s, p.query)
	results, tried, err := r.readOnly(sql, in)
	st.Answer = answer(err)
	if st.Answer != suites.Ran && tried && !in.used {
		results, _ = r.exec(sql, in)
	}
	if r.opaque(st) {
		return results
	}
	if kind := r.aside(st); kind != "" {
		st.Aside = true
		r.kinds[kind]++
	}
	if st.Aside && st.Answer == suites.Refused {
		return results
	}
	r.tally.Add(st)
	return results
}

// opaque counts EXECUTE, DO and CALL that ran on their own. They are Writes by
// design, because no text shows what they do.
func (r *replay) opaque(st suites.Statement) bool {
	switch op := st.Verdict.Op; op {
	case "EXECUTE", "DO", "CALL":
		if st.Answer == suites.Ran && st.Verdict.Class == sqlguard.Write {
			r.byOp[op]++
			return true
		}
	}
	return false
}

// readOnly executes a statement while the transaction is read-only, for good if the
// server lets it. It reports whether the transaction was read-only at all: what begins or ends
// one cannot be tried out.
// Inside a transaction block it does so in a subtransaction, at the end of which the server goes
// back to read-write (CommitSubTransaction and AbortSubTransaction of xact.c).
func (r *replay) readOnly(sql string, in *input) (results []result, tried bool, err error) {
	status := r.conn.TxStatus()
	switch {
	case control.MatchString(sql) || status == 'E' || beginsInside(sql):
		r.set("off", status)
		results, err = r.exec(sql, in)
		return results, false, err
	case status == 'I':
		r.set("on", status)
		results, err = r.exec(sql, in)
		if err != nil {
			r.set("off", r.conn.TxStatus())
		}
		return results, true, err
	}
	if _, err := r.exec("SAVEPOINT quiesce; SET LOCAL transaction_read_only = on", nil); err != nil {
		return nil, true, err
	}
	results, err = r.exec(sql, in)
	if err != nil {
		r.exec("ROLLBACK TO quiesce; RELEASE quiesce", nil)
		return results, true, err
	}
	r.exec("RELEASE quiesce", nil)
	return results, true, nil
}

// set makes the next transaction read-only, or not. A script may have changed it.
func (r *replay) set(value string, status byte) {
	if status == 'I' && r.conn.ParameterStatus("default_transaction_read_only") != value {
		r.exec("SET default_transaction_read_only = "+value, nil)
	}
}

// beginsInside reports whether one of several statements controls the transaction.
func beginsInside(sql string) bool {
	for _, part := range (postgres.Dialect{}).Classify(sql).Parts {
		if part.Tx != sqlguard.TxNone {
			return true
		}
	}
	return false
}

func answer(err error) suites.Answer {
	var refusal *pgconn.PgError
	switch {
	case err == nil:
		return suites.Ran
	case errors.As(err, &refusal) && refusal.Code == "25006":
		return suites.Refused
	}
	return suites.Failed
}
