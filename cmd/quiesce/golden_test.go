package main

import (
	"encoding/json"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmpjson compares the JSON document on standard output with a golden file: "cmpjson file". What differs from run to
// run has a word in its place: times, durations, random names, and what depends on the machine.
func cmpjson(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cmpjson file")
	}
	got, want := normal(ts, strings.ReplaceAll(ts.ReadFile("stdout"), ts.Getenv("WORK"), "WORK")), normal(ts, ts.ReadFile(args[0]))
	if got != want {
		ts.Fatalf("the document is\n%s\nwant\n%s", got, want)
	}
}

// varying are the fields that differ from run to run.
var varying = map[string]any{
	"since": "TIME", "time": "TIME", "now": "TIME", "registered": "TIME", "seen": "TIME", "saved": "TIME", "first": "TIME", "last": "TIME",
	"op": "OP", "bound": "OP", "lease": "LEASE", "host": "HOST", "pid": 1.0, "store": "STORE",
}

func normal(ts *testscript.TestScript, text string) string {
	var v any
	ts.Check(json.Unmarshal([]byte(text), &v))
	out, err := json.MarshalIndent(normalise("", v), "", "  ")
	ts.Check(err)
	return string(out)
}

func normalise(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = normalise(key, inner)
		}
		return v
	case []any:
		for i := range v {
			v[i] = normalise("", v[i])
		}
		return v
	}
	if word, ok := varying[name]; ok {
		return word
	}
	if strings.HasSuffix(name, "_ns") {
		return "DURATION"
	}
	return v
}
