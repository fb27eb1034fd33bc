package check

import "testing"

func TestRestore(t *testing.T) {
	const s = "'a string'"
	for _, tt := range []struct{ name, text, want string }{
		{"nothing to restore", "SELECT a FROM t", "SELECT a FROM t"},
		{"a parameter of the statement's own", "SELECT $1, a + $2 FROM t WHERE b IN ($3 /*, ... */)", ""},
		{"behind a type", "SELECT interval $1, DATE $2, timestamp  $3", "SELECT interval " + s + ", DATE " + s + ", timestamp  " + s},
		{"with a field behind", "SELECT now() - interval $1 day", "SELECT now() - interval " + s + " day"},
		{"behind a type of several words", "SELECT timestamp with time zone $1, double precision $2", "SELECT timestamp with time zone " + s + ", double precision " + s},
		{"behind a type with a modifier", "SELECT interval(3) $1, numeric(3, 2) $2", "SELECT interval(3) " + s + ", numeric(3, 2) " + s},
		{"in a call of a type's name", "SELECT date($1), text($2), numeric($3, $4)", ""},
		{"cast to a type", "SELECT $1::date, cast($2 as time), $3::int[]", ""},
		{"a column of a type's name", "SELECT * FROM t WHERE date = $1 AND time > $2", ""},
		{"in EXTRACT", "SELECT extract($1 FROM a), extract( $2 from b)", "SELECT extract(year FROM a), extract( year from b)"},
		{"a form of Unicode", "SELECT normalize(a, $1), normalize($2), a IS NOT $3 NORMALIZED", "SELECT normalize(a, nfc), normalize($2), a IS NOT nfc NORMALIZED"},
		{"a savepoint", "SAVEPOINT $1", "SAVEPOINT name"},
		{"back to a savepoint", "ROLLBACK TO $1", "ROLLBACK TO name"},
		{"a prepared transaction", "PREPARE TRANSACTION $1", "PREPARE TRANSACTION " + s},
		{"its end", "COMMIT PREPARED $1", "COMMIT PREPARED " + s},
		{"a setting", "SET LOCAL work_mem TO $1", "SET LOCAL work_mem TO " + s},
		{"strings and comments stay", "SELECT 'interval $1', date $1 /* date $2 */", "SELECT 'interval $1', date " + s + " /* date $2 */"},
		{"a text that cannot be read stays from there on", "SELECT date $1, 'a", "SELECT date " + s + ", 'a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want == "" {
				want = tt.text
			}
			if got := restore(tt.text); got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// TestASettingWithoutItsValueIsTheWorstOne: what SET did is not in an export, so it counts
// as the worst it may have done.
func TestASettingWithoutItsValueIsTheWorstOne(t *testing.T) {
	j, err := newJudge(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	decide := func(text string) Decision {
		return j.answer(item{text: text, dialect: dialects["postgres"], use: &use{}}).decision
	}
	for _, setting := range []string{
		"transaction_read_only", "default_transaction_read_only", "standard_conforming_strings",
		"client_encoding", "session_replication_role",
	} {
		for _, text := range []string{"SET " + setting + " = $1", "set local " + setting + " to $1", `SET SESSION "` + setting + `" TO $1`} {
			if got := decide(text); got != Reject {
				t.Errorf("%s: %s", text, got)
			}
		}
	}
	for _, text := range []string{"SET work_mem = $1", "SAVEPOINT $1", "RELEASE $1", "ROLLBACK TO $1", "DEALLOCATE $1"} {
		if got := decide(text); got != Pass {
			t.Errorf("%s: %s", text, got)
		}
	}
}
