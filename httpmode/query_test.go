package httpmode_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
)

func TestCredentialsInTheQueryAreRemovedAndTheRestStaysAsItIsSpelt(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g, CredentialParams: []string{"token", "api key"}})
	s := serve(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %t", r.URL.RawQuery, r.RequestURI, httpmode.FromContext(r.Context()).Stripped)
	})))
	for _, tt := range []struct{ name, query, want string }{
		{"none", "?b=2&a=1&b=%31", "b=2&a=1&b=%31 /?b=2&a=1&b=%31 false"},
		{"one alone", "?token=x", " / true"},
		{"the first", "?token=x&b=2&a=1", "b=2&a=1 /?b=2&a=1 true"},
		{"one in the middle", "?b=2&token=x&a=1", "b=2&a=1 /?b=2&a=1 true"},
		{"the last", "?b=2&a=1&token=x", "b=2&a=1 /?b=2&a=1 true"},
		{"several", "?token=x&token=&a=1&token", "a=1 /?a=1 true"},
		{"escaped", "?%74oken=x&api+key=1&api%20key=2&a=%2B", "a=%2B /?a=%2B true"},
		{"after a semicolon", "?a=1;token=x;b=2&c=3", "a=1;b=2&c=3 /?a=1;b=2&c=3 true"},
		{"another case is another name", "?Token=x", "Token=x /?Token=x false"},
		{"a name that only begins alike", "?tokens=x&xtoken=y&token[]=z", "tokens=x&xtoken=y&token[]=z /?tokens=x&xtoken=y&token[]=z false"},
		{"a name in a value", "?a=token=x", "a=token=x /?a=token=x false"},
		{"empty parts", "?&&token=x&&", "&&& /?&&& true"},
		{"a malformed escape", "?%zz=1&token=x", "%zz=1 /?%zz=1 true"},
		{"an empty query", "?", " /? false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hold(t, g, anonymous)
			got := s.do(t, "GET", "/"+tt.query, "")
			got.wantAnswer(t, 200, tt.want)
			if stripped := strings.HasSuffix(tt.want, "true"); stripped != (got.header.Get("Cache-Control") == "private, no-store") {
				t.Errorf("Cache-Control: %q", got.header.Get("Cache-Control"))
			}
			hold(t, g, readOnly)
			query := strings.TrimPrefix(tt.query, "?")
			s.do(t, "GET", "/"+tt.query, "").wantAnswer(t, 200, query+" /"+tt.query+" false")
		})
	}
}

func TestAFormParsedOutsideLosesTheCredentialsOfItsQueryOnly(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	inner := newMiddleware(t, httpmode.Config{Guard: g, CredentialParams: []string{"token", "key"}}).Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%v %v %s", r.Form, r.PostForm, r.FormValue("token"))
		}))
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		form, asked := r.Form, r.URL.String()
		before := fmt.Sprint(form)
		inner.ServeHTTP(w, r)
		if fmt.Sprint(form) != before || r.URL.String() != asked {
			t.Errorf("the caller's form became %v, and its URL %s", form, r.URL)
		}
	}))
	s.do(t, "POST", "/?token=q&key=q&a=1", "token=body&b=2", form).
		wantAnswer(t, 200, "map[a:[1] b:[2] token:[body]] map[b:[2] token:[body]] body")
	s.do(t, "GET", "/?token=q&a=1", "").wantAnswer(t, 200, "map[a:[1]] map[] ")
}

// FuzzQuery checks that net/http finds no credential in what is left, and all else
// that it found before, with semicolons taken either way.
func FuzzQuery(f *testing.F) {
	f.Add("a=1&token=2;token=3&b=4")
	f.Add("%74oken=%zz&token;token=&&=;a")
	g := newGuard(f)
	hold(f, g, anonymous)
	var got string
	h := newMiddleware(f, httpmode.Config{Guard: g, CredentialParams: []string{"token"}}).Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { got = r.URL.RawQuery }))
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		h.ServeHTTP(httptest.NewRecorder(), r)
		parse := func(query string) url.Values {
			values, _ := url.ParseQuery(strings.ReplaceAll(query, ";", "&")) // what it can read, it returns
			return values
		}
		want := parse(query)
		delete(want, "token")
		if left := parse(got); left.Encode() != want.Encode() {
			t.Errorf("%q became %q, which reads %v, want %v", query, got, left, want)
		}
		if !want.Has("token") && len(got) > len(query) {
			t.Errorf("%q became %q", query, got)
		}
	})
}
