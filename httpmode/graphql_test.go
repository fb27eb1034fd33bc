package httpmode_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

const (
	jsonType    = "Content-Type: application/json"
	graphQLType = "application/graphql-response+json"
)

// inJSON returns the body of a GraphQL request.
func inJSON(document, name string) string {
	body, err := json.Marshal(map[string]string{"query": document, "operationName": name})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// inParts is the type of a GraphQL request with files, and withFiles its body.
const inParts = "multipart/form-data; boundary=x"

func withFiles(operations string) string {
	return "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + operations + "\r\n--x--\r\n"
}

func TestAGraphQLMutationIsRefusedEarlyAndAllElseReachesTheHandlerAsItWas(t *testing.T) {
	g := newGuard(t)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g, GraphQL: []string{"/graphql"}}).Handler(http.HandlerFunc(echo)))
	const both = "query A { a } mutation B { b }"
	long := inJSON("mutation { b(c: \""+strings.Repeat("x", 1<<20)+"\") }", "")
	for _, tt := range []struct {
		name, method, query, contentType, body string
		refused                                bool
	}{
		{"a mutation", "POST", "", "application/json", inJSON("mutation { b }", ""), true},
		{"a query", "POST", "", "application/json", inJSON("{ a }", ""), false},
		{"the mutation of two operations", "POST", "", "application/json; charset=utf-8", inJSON(both, "B"), true},
		{"the query of two operations", "POST", "", "application/json", inJSON(both, "A"), false},
		{"none of two operations", "POST", "", "application/json", inJSON(both, ""), false},
		{"a name that is null", "POST", "", "application/json", `{"query":"mutation{b}","operationName":null}`, true},
		{"a mutation with escapes", "POST", "", "application/json", `{"query":"\u006dutation{b}"}`, true},
		{"a batch with a mutation", "POST", "", "application/json", "\n[" + inJSON("{ a }", "") + ", 7, " + inJSON("mutation { b }", "") + "]", true},
		{"a batch of queries", "POST", "", "application/json", "[" + inJSON("{ a }", "") + "," + inJSON(both, "A") + "]", false},
		{"an empty batch", "POST", "", "application/json", "[]", false},
		{"a stored document", "POST", "", "application/json", `{"extensions":{"persistedQuery":{"sha256Hash":"x"}}}`, false},
		{"a document alone", "POST", "", "application/graphql", "mutation { b }", true},
		{"a document alone, with a name", "POST", "?operationName=A", "application/graphql", both, false},
		{"a mutation by GET", "GET", "?query=" + url.QueryEscape("mutation { b }"), "", "", true},
		{"a mutation in the query of a POST", "POST", "?query=mutation{b}", "application/json", "{}", true},
		{"a query by GET", "GET", "?query={a}", "", "", false},
		{"a page for people", "GET", "", "", "", false},
		{"what is no JSON", "POST", "", "application/json", `{"query":"mutation{b}"`, false},
		{"what is no document", "POST", "", "application/json", inJSON("mutation { b", ""), false},
		{"a mutation in a form", "POST", "", "application/x-www-form-urlencoded", "operationName=B&query=" + url.QueryEscape(both), true},
		{"a query in a form", "POST", "", "application/x-www-form-urlencoded", "operationName=A&query=" + url.QueryEscape(both), false},
		{"a mutation with files", "POST", "", inParts, withFiles(inJSON("mutation { b }", "")) + "--x\r\n" + strings.Repeat("x", 2<<20), true},
		{"a batch with a mutation and files", "POST", "", inParts, withFiles("[" + inJSON("mutation { b }", "") + "]"), true},
		{"a query with files", "POST", "", inParts, withFiles(inJSON("{ a }", "")), false},
		{"a mutation in another part", "POST", "", inParts, strings.Replace(withFiles(inJSON("mutation { b }", "")), "operations", "map", 1), false},
		{"a part that is cut off", "POST", "", inParts, strings.TrimSuffix(withFiles(inJSON("mutation { b }", "")), "--x--\r\n"), false},
		{"a part that is longer than is looked at", "POST", "", inParts, withFiles(long), false},
		{"a form with files without a boundary", "POST", "", "multipart/form-data", withFiles(inJSON("mutation { b }", "")), false},
		{"another type", "POST", "", "text/plain", inJSON("mutation { b }", ""), false},
		{"no type", "POST", "", "", inJSON("mutation { b }", ""), false},
		{"more than is looked at", "POST", "", "application/json", long, false},
		{"a mutation and more than is looked at", "POST", "", "application/graphql", "mutation { b }\n#" + strings.Repeat("x", 1<<20), false},
		{"nothing", "POST", "", "application/json", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			send := func() reply {
				var headers []string
				if tt.contentType != "" {
					headers = []string{"Content-Type: " + tt.contentType}
				}
				return s.do(t, tt.method, "/graphql"+tt.query, tt.body, headers...)
			}
			for _, c := range []sqlguard.Change{readOnly, getOnly} {
				hold(t, g, c)
				got := send()
				switch {
				case tt.refused && (got.status != 503 || got.header.Get("Content-Type") != graphQLType):
					t.Errorf("with %+v: got %d %s, want a refusal", c, got.status, got.header.Get("Content-Type"))
				case !tt.refused:
					got.wantAnswer(t, 200, tt.method+" "+tt.body)
				}
			}
			for _, c := range []sqlguard.Change{{}, observe, anonymous} {
				hold(t, g, c)
				send().wantAnswer(t, 200, tt.method+" "+tt.body)
			}
		})
	}
}

func TestGraphQLErrors(t *testing.T) {
	g := newGuard(t)
	hold(t, g, loud)
	m := newMiddleware(t, httpmode.Config{Guard: g, GraphQL: []string{"/comments"}, Writes: []string{"/other"}})
	m.SetClock(noon, 0)
	const utf8 = "; charset=utf-8"
	for accept, want := range map[string]string{
		"": graphQLType, "*/*": graphQLType, graphQLType: graphQLType, "application/json": "application/json",
		graphQLType + utf8 + ", application/json" + utf8: graphQLType,
		"application/json;q=0.9, " + graphQLType:         graphQLType,
		"application/json, " + graphQLType + ";q=0.9":    "application/json",
		"text/html":               "application/json",
		graphQLType + ";q=0, */*": "application/json",
		"application/json; charset=\"UTF-8\", text/plain, */*": "application/json",
	} {
		r := httptest.NewRequest("POST", "/comments", strings.NewReader(inJSON("mutation { b }", "")))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("HX-Request", "true")
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		w := httptest.NewRecorder()
		m.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type"); got != want || w.Code != 503 {
			t.Errorf("%s: got %d %s, want 503 %s", accept, w.Code, got, want)
		}
		var got struct {
			Errors []struct {
				Message    string
				Extensions map[string]any
			}
			Data *json.RawMessage
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Errors) != 1 || strings.Contains(w.Body.String(), "data") {
			t.Fatalf("%v: %s", err, w.Body)
		}
		for name, want := range map[string]any{
			"code": "READ_ONLY_MODE", "cause": "write", "mode": "read-only", "message": loud.Message,
			"until": "2026-03-01T12:20:00Z", "retry_after_seconds": 600.0,
		} {
			if got.Errors[0].Extensions[name] != want {
				t.Errorf("%s is %v, want %v", name, got.Errors[0].Extensions[name], want)
			}
		}
		if !strings.Contains(got.Errors[0].Message, "read-only for maintenance") || w.Header().Get("Retry-After") != "600" {
			t.Errorf("got %v %s", w.Header(), w.Body)
		}
	}
	t.Run("also where a client accepts them, on any route", func(t *testing.T) {
		m := newMiddleware(t, httpmode.Config{Guard: g})
		for accept, want := range map[string]string{
			graphQLType + ", application/json": graphQLType, graphQLType + ";q=0.1, application/json": "application/json",
		} {
			if got := refuse(t, m, "POST", "Accept: "+accept, "HX-Request: false").Header().Get("Content-Type"); got != want {
				t.Errorf("%s: %s, want %s", accept, got, want)
			}
		}
	})
}

func TestWritesRefusedInAResolverAreMappedAsOnAnyRoute(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g, GraphQL: []string{"POST /graphql"}})
	s := serve(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if write(r.Context(), g) == nil {
			t.Error("the write passed")
		}
		if r.URL.RawQuery == "fails" {
			w.WriteHeader(500)
			return
		}
		fmt.Fprint(w, `{"data":{"a":1,"b":null},"errors":[{"message":"b failed"}]}`)
	})))
	s.do(t, "POST", "/graphql", inJSON("{ a b }", ""), jsonType).
		wantAnswer(t, 200, `{"data":{"a":1,"b":null},"errors":[{"message":"b failed"}]}`)
	got := s.do(t, "POST", "/graphql?fails", inJSON("{ a b }", ""), jsonType)
	if got.status != 503 || !strings.Contains(got.body, httpmode.CodeGraphQL) {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestABodyThatFailsFailsForTheHandlerToo(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	broken := errors.New("broken")
	closed := false
	r := httptest.NewRequest("POST", "/graphql", nil)
	r.Header.Set("Content-Type", "application/json")
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(`{"query":`), &breaking{broken}), closer(func() { closed = true })}
	called := false
	newMiddleware(t, httpmode.Config{Guard: g, GraphQL: []string{"/graphql"}}).Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			called = true
			text, err := io.ReadAll(r.Body)
			if string(text) != `{"query":` || !errors.Is(err, broken) {
				t.Errorf("the handler read %q, %v", text, err)
			}
			r.Body.Close()
		})).ServeHTTP(httptest.NewRecorder(), r)
	if !called || !closed {
		t.Errorf("called %t, closed %t", called, closed)
	}
}

// breaking fails once, and is at its end then.
type breaking struct{ err error }

func (b *breaking) Read([]byte) (int, error) {
	err := b.err
	b.err = io.EOF
	return 0, err
}

func TestABodyIsOnlyLookedAtWhileWritingIsClosed(t *testing.T) {
	g := newGuard(t)
	h := newMiddleware(t, httpmode.Config{Guard: g, GraphQL: []string{"/graphql"}}).Handler
	for _, tt := range []struct {
		change    sqlguard.Change
		path      string
		untouched bool
	}{
		{observe, "/graphql", true}, {anonymous, "/graphql", true}, {readOnly, "/graphql", false},
		{anonymous, "/other", true},
	} {
		hold(t, g, tt.change)
		r := httptest.NewRequest("POST", tt.path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		body := r.Body
		h(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if untouched := r.Body == body; untouched != tt.untouched {
				t.Errorf("%+v %s: untouched %t", tt.change, tt.path, untouched)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}

type closer func()

func (c closer) Close() error { c(); return nil }
