package httpmode

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestOperationsOfADocument(t *testing.T) {
	for _, tt := range []struct {
		name, document string
		want           []operation
		ok             bool
	}{
		{"nothing", "", nil, true},
		{"a query in short", "{ mutation }", []operation{{"query", ""}}, true},
		{"a mutation", "mutation { save }", []operation{{"mutation", ""}}, true},
		{"one with a name", "mutation Save { save }", []operation{{"mutation", "Save"}}, true},
		{"one named as what it is", "mutation mutation { save }", []operation{{"mutation", "mutation"}}, true},
		{"one without spaces", "mutation{save}", []operation{{"mutation", ""}}, true},
		{"one with variables", `mutation Save($a: In = {b: "}{", c: [1, {d: 2}]}, $mutation: Int!) @live(if: {x: 1}) { save(a: $a) { id } }`, []operation{{"mutation", "Save"}}, true},
		{"several", "query A { a { b } } mutation B { c } subscription C { d } { e }", []operation{{"query", "A"}, {"mutation", "B"}, {"subscription", "C"}, {"query", ""}}, true},
		{"a fragment", "fragment mutation on Query { a } query Q { ...mutation }", []operation{{"query", "Q"}}, true},
		{"a field of that name", "query { mutation { save } }", []operation{{"query", ""}}, true},
		{"a word in a string", `query { a(b: "mutation { save }") }`, []operation{{"query", ""}}, true},
		{"a quote in a string", `query { a(b: "\"} mutation { save }") }`, []operation{{"query", ""}}, true},
		{"a backslash in a string", `query { a(b: "\\") } mutation M { b }`, []operation{{"query", ""}, {"mutation", "M"}}, true},
		{"a word in a block string", "query { a(b: \"\"\"\n} mutation { \"save\" \"\" \n\"\"\") }", []operation{{"query", ""}}, true},
		{"quotes in a block string", `query { a(b: """ \""" } mutation { x } """) }`, []operation{{"query", ""}}, true},
		{"a backslash in a block string", `query { a(b: """\\ """) } mutation M { b }`, []operation{{"query", ""}, {"mutation", "M"}}, true},
		{"an empty string", `query { a(b: "") } mutation M { b }`, []operation{{"query", ""}, {"mutation", "M"}}, true},
		{"an empty block string", `query { a(b: """""") } mutation M { b }`, []operation{{"query", ""}, {"mutation", "M"}}, true},
		{"a word in a comment", "query { a # } mutation { \r b } # mutation { x }", []operation{{"query", ""}}, true},
		{"a comment before", "# query\nmutation,#x\n,M { b }", []operation{{"mutation", "M"}}, true},
		{"a mark of the byte order", "\ufeffmutation { b }", []operation{{"mutation", ""}}, true},
		{"a description", `"saves" mutation M { b }`, []operation{{"mutation", "M"}}, true},
		{"a word that only begins alike", "mutations { b } query { a }", []operation{{"query", ""}}, true},
		{"another case", "Mutation { b }", nil, true},
		{"an open bracket", "mutation { b", nil, false},
		{"a bracket too many", "query { a } } mutation { b }", nil, false},
		{"brackets crossed", "mutation { b(c: [1)] }", nil, false},
		{"an open string", `mutation { b(c: "x) }`, nil, false},
		{"a string over two lines", "mutation { b(c: \"x\n\") }", nil, false},
		{"an open block string", `mutation { b(c: """x"") }`, nil, false},
		{"no selection", "mutation M", nil, false},
		{"a number", "5 mutation { b }", nil, false},
		{"JSON", `["mutation"]`, nil, false},
		{"too many operations", strings.Repeat("{a}", maxOperations+1), nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := scanOperations(tt.document)
			if ok != tt.ok || ok && !slices.Equal(got, tt.want) {
				t.Errorf("got %v, %t; want %v, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestOnlyTheSelectedOperationCounts(t *testing.T) {
	const both = "query A { a } mutation B { b }"
	for _, tt := range []struct {
		document, name string
		want           bool
	}{
		{"mutation { b }", "", true},
		{"mutation B { b }", "B", true},
		{"mutation B { b }", "C", false},
		{"query { a }", "", false},
		{both, "", false}, // an error to the server
		{both, "A", false},
		{both, "B", true},
		{"mutation B { b } fragment F on T { c }", "", true},
		{"mutation { b", "", false},
	} {
		if got := isMutation(tt.document, tt.name); got != tt.want {
			t.Errorf("isMutation(%q, %q) = %t, want %t", tt.document, tt.name, got, tt.want)
		}
	}
}

// FuzzDocument puts any text where it must not matter, into strings and comments,
// and looks for the operations around it; and reads any text as a document.
func FuzzDocument(f *testing.F) {
	for _, text := range []string{"", `"`, `\`, `"""`, `\"""`, "} mutation X {", "# \" \r\n }", "\ufeff\x00\xff"} {
		f.Add(text)
	}
	want := []operation{{"query", "Q"}, {"mutation", "M"}, {"query", ""}}
	f.Fuzz(func(t *testing.T, text string) {
		scanOperations(text)
		quoted, err := json.Marshal(text) // JSON's strings are GraphQL's
		if err != nil {
			t.Fatal(err)
		}
		block := `"""` + strings.ReplaceAll(text, `"""`, `\"""`) + "\n\"\"\""
		comment := "#" + strings.NewReplacer("\n", " ", "\r", " ").Replace(text) + "\n"
		document := comment + "query Q($a: String = " + string(quoted) + ") {" + comment + " a(b: " + block + ") }" +
			block + " mutation M @x(y: [" + block + string(quoted) + "]) {" + comment + "b } { c }" + comment
		if got, ok := scanOperations(document); !ok || !slices.Equal(got, want) {
			t.Errorf("got %v, %t from %q", got, ok, document)
		}
	})
}
