package verify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

func TestAWrongConfigurationNamesItsField(t *testing.T) {
	db := open(t, "sqlite", ":memory:")
	tests := []struct {
		name   string
		config verify.Config
		want   string
	}{
		{"no pool", verify.Config{Dialect: verify.Postgres}, "Config.DB"},
		{"no dialect", verify.Config{DB: db}, `Config.Dialect is ""`},
		{"a dialect that is not known", verify.Config{DB: db, Dialect: "oracle"}, `Config.Dialect is "oracle"`},
		{"a close in the future", verify.Config{DB: db, Dialect: verify.MySQL, ClosedFor: -1}, "Config.ClosedFor"},
		{"too short a time", verify.Config{DB: db, Dialect: verify.MySQL, Still: time.Millisecond}, "Config.Still"},
		{"a negative time", verify.Config{DB: db, Dialect: verify.MySQL, Still: -time.Second}, "Config.Still"},
		{"an empty database", verify.Config{DB: db, Dialect: verify.MySQL, Databases: []string{""}}, "Config.Databases"},
		{"a table without a schema", verify.Config{DB: db, Dialect: verify.Postgres, LeaveOut: verify.LeaveOut{Tables: []string{"t"}}}, "Config.LeaveOut.Tables"},
		{"applications on MySQL", verify.Config{DB: db, Dialect: verify.MySQL, LeaveOut: verify.LeaveOut{Applications: []string{"a"}}}, "Config.LeaveOut.Applications"},
		{"tables of SQLite", verify.Config{DB: db, Dialect: verify.SQLite, LeaveOut: verify.LeaveOut{Tables: []string{"main.t"}}}, "Config.LeaveOut"},
		{"nothing wrong", verify.Config{DB: db, Dialect: verify.Postgres, Still: time.Second, LeaveOut: verify.LeaveOut{Tables: []string{"a.t"}}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := verify.New(test.config)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestAReportIsReadable(t *testing.T) {
	report := verify.Report{
		Dialect: verify.Postgres, Databases: []string{"shop"}, StillSeconds: 3,
		Writers: []verify.Writer{{PID: 7, User: "ann", Application: "psql\x1b[2J", Client: "local", AgeSeconds: 61, Hold: verify.HoldsTransaction, Detail: "active", Ended: true}},
		Moved:   []verify.Moved{{Table: "public.t", Inserted: 2, Deleted: 1}},
		LeftOut: []verify.LeftOutItem{{Kind: "autovacuum", Name: "pid 9"}},
	}
	const want = `NOT quiet: postgres shop: between two looks 3s apart
  writer: pid 7, user ann, application psql?[2J, from local: active, age 1m1s (over by the second look)
  moved: public.t: +2 inserted, +1 deleted
  left out: autovacuum pid 9`
	if got := report.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"quiet":false`, `"pid":7`, `"hold":"transaction"`, `"age_seconds":61`, `"still_seconds":3`, `"ended":true`, `"left_out":[`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("want %s in %s", part, text)
		}
	}
}
