package httpmode_test

import (
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

func TestOnlyBrowserFormsAreConverted(t *testing.T) {
	g := newGuard(t)
	hold(t, g, getOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g, Writes: []string{"GET /verify", "POST /declared"}})
	s := serve(t, m.Handler(http.HandlerFunc(echo)))
	const multipart = "Content-Type: multipart/form-data; boundary=x"
	for _, tt := range []struct {
		name, method, path string
		headers            []string
		converted          bool
	}{
		{"a browser's form", "POST", "/", []string{form, "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, true},
		{"one with a file", "POST", "/", []string{multipart, "Accept: text/html"}, true},
		{"one with a charset", "POST", "/", []string{"Content-Type: Application/X-WWW-Form-Urlencoded; charset=utf-8"}, true},
		{"one without Accept", "POST", "/", []string{form}, true},
		{"one that accepts anything", "POST", "/", []string{form, "Accept: */*"}, true},
		{"one by navigation", "POST", "/", []string{form, "Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, true},
		{"a declared write that is a form", "POST", "/declared", []string{form}, true},
		{"one for a page whose GET writes", "POST", "/verify", []string{form}, false},
		{"a form of an API client", "POST", "/", []string{form, "Accept: application/json"}, false},
		{"one that refuses HTML", "POST", "/", []string{form, "Accept: text/html;q=0, */*"}, false},
		{"one with a malformed Accept", "POST", "/", []string{form, "Accept: html,"}, false},
		{"a script's form", "POST", "/", []string{form, "Accept: */*", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, false},
		{"a script's form over plain HTTP", "POST", "/", []string{form, "Accept: */*", "X-Requested-With: XMLHttpRequest"}, false},
		{"a form in an app's web view", "POST", "/", []string{form, "Accept: text/html", "X-Requested-With: com.example.app"}, true},
		{"an htmx form", "POST", "/", []string{form, "HX-Request: true"}, false},
		{"JSON", "POST", "/", []string{"Content-Type: application/json", "Accept: text/html"}, false},
		{"plain text", "POST", "/", []string{"Content-Type: text/plain", "Accept: text/html"}, false},
		{"no type", "POST", "/", []string{"Accept: text/html"}, false},
		{"a malformed type", "POST", "/", []string{"Content-Type: ;;", "Accept: text/html"}, false},
		{"PUT", "PUT", "/", []string{form, "Accept: text/html"}, false},
		{"PATCH", "PATCH", "/", []string{form, "Accept: text/html"}, false},
		{"DELETE", "DELETE", "/", []string{form, "Accept: text/html"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.do(t, tt.method, tt.path, "a=b", tt.headers...)
			if tt.converted {
				got.wantAnswer(t, 200, "GET ")
			} else {
				got.wantMaintenance(t, httpmode.CauseWrite)
			}
		})
	}
	t.Run("not while only read-only", func(t *testing.T) {
		hold(t, g, readOnly)
		s.do(t, "POST", "/", "a=b", form).wantMaintenance(t, httpmode.CauseWrite)
	})
	t.Run("also while the database layer is off", func(t *testing.T) {
		hold(t, g, sqlguard.Change{GetOnly: true})
		s.do(t, "POST", "/", "a=b", form).wantAnswer(t, 200, "GET ")
	})
}

func TestNothingOfTheFormIsLeft(t *testing.T) {
	g := newGuard(t)
	hold(t, g, getOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	inner := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{
			"Content-Type", "Content-Length", "Content-Encoding", "Content-Md5", "Expect", "Trailer",
			"X-Http-Method-Override", "X-Http-Method", "X-Method-Override",
		} {
			if r.Header.Get(name) != "" {
				t.Errorf("%s is still there", name)
			}
		}
		if r.Form != nil || r.PostForm != nil || r.MultipartForm != nil || r.Trailer != nil || r.TransferEncoding != nil || r.ContentLength != 0 {
			t.Errorf("parts of the form are still there: %v %v %v", r.Form, r.PostForm, r.MultipartForm)
		}
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s q=%s text=%s post=%s body=%s %v", r.Method, r.FormValue("q"), r.FormValue("text"), r.PostFormValue("text"), body, err)
		if !httpmode.FromContext(r.Context()).Converted {
			t.Error("FromContext does not say that it was converted")
		}
	}))
	s := serveBy(t, false, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/parsed" {
			if err := r.ParseForm(); err != nil || r.PostFormValue("text") != "hello" {
				t.Errorf("the outer layer cannot parse the form: %v", err)
			}
		}
		inner.ServeHTTP(w, r)
	}))
	for _, path := range []string{"/parsed", "/unparsed"} {
		s.do(t, "POST", path+"?q=go", "text=hello", form, "X-HTTP-Method-Override: DELETE", "X-Http-Method: PUT",
			"X-Method-Override: PATCH", "Content-Encoding: identity", "Content-Md5: x").
			wantAnswer(t, 200, "GET q=go text= post= body= <nil>")
	}
	t.Run("chunked, expected, and with a trailer", func(t *testing.T) {
		req, err := http.NewRequest("POST", s.URL+"/?q=go", io.NopCloser(strings.NewReader("text=hello")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Expect", "100-continue")
		req.Trailer = http.Header{"X-Sum": {"1"}}
		resp, err := s.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if string(body) != "GET q=go text= post= body= <nil>" {
			t.Errorf("got %s", body)
		}
	})
}

func TestHeadersOfABodyAreGoneWhateverServesThem(t *testing.T) {
	g := newGuard(t)
	hold(t, g, getOnly)
	r := httptest.NewRequest("POST", "/", strings.NewReader("a=b"))
	r.Header = http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Content-Range": {"x"}, "Content-Disposition": {"x"},
		"Trailer": {"X-Sum"}, "Transfer-Encoding": {"chunked"}, "Expect": {"100-continue"}, "Accept-Language": {"de"},
		"Content_type": {"text/html"}, "X_http_method_override": {"DELETE"}, "X-Http-Method": {"PUT"},
	}
	newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header) != 1 || r.Header.Get("Accept-Language") != "de" {
			t.Errorf("the handler sees %v", r.Header)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}

func TestARouteWithoutAGetAnswersWithThePage(t *testing.T) {
	g := newGuard(t)
	hold(t, g, getOnly)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /comments", echo)
	mux.HandleFunc("GET /", http.NotFound)
	mux.HandleFunc("GET /gone", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "gone", http.StatusGone) })
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).Handler(mux))
	for _, path := range []string{"/comments", "/elsewhere"} {
		got := s.do(t, "POST", path, "a=b", form, "Accept: text/html")
		got.wantMaintenance(t, httpmode.CauseWrite)
		if !strings.Contains(got.body, "Nothing you typed is lost") {
			t.Errorf("%s: the page does not say that nothing is lost", path)
		}
	}
	s.do(t, "POST", "/gone", "a=b", form).wantAnswer(t, http.StatusGone, "gone\n")
	if got := s.do(t, "GET", "/elsewhere", ""); got.status != 404 {
		t.Errorf("a GET that was one got %d, want 404", got.status)
	}
}

func TestSeeOtherSendsTheVisitorToTheSameURL(t *testing.T) {
	g := newGuard(t)
	hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true, Anonymous: true})
	m := newMiddleware(t, httpmode.Config{
		Guard: g, GetOnly: httpmode.SeeOther, Writes: []string{"GET /verify"}, CredentialParams: []string{"token"},
	})
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %t", r.Method, r.URL, httpmode.FromContext(r.Context()).Converted)
	}))
	app := http.StripPrefix("/app", h)
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=of an outer layer")
		app.ServeHTTP(w, r)
	}))
	for _, tt := range []struct{ path, location string }{
		{"/app/a?q=go&b=%20", "/app/a?q=go&b=%20"},
		{"/app/a%2fb/%C3%BC", "/app/a%2fb/%C3%BC"},
		{"/app/?token=t", "/app/?token=t"},
	} {
		got := s.do(t, "POST", tt.path, "a=b", form)
		if got.status != http.StatusSeeOther || got.header.Get("Location") != tt.location || got.body != "" {
			t.Errorf("%s: got %d to %q", tt.path, got.status, got.header.Get("Location"))
		}
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Quiesce-Mode") == "" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", tt.path, got.header)
		}
	}
	s.client.CheckRedirect = nil
	s.do(t, "POST", "/app/a?q=go", "a=b", form).wantAnswer(t, 200, "GET /a?q=go false")
	s.do(t, "POST", "/app/verify", "a=b", form).wantMaintenance(t, httpmode.CauseWrite)
	s.do(t, "POST", "/app/a", "{}", jsonType).wantMaintenance(t, httpmode.CauseWrite)
	s.do(t, "PUT", "/app/a", "a=b", form).wantMaintenance(t, httpmode.CauseWrite)
}

func TestSeeOtherIsNoOpenRedirect(t *testing.T) {
	g := newGuard(t)
	hold(t, g, getOnly)
	s := serveBy(t, false, newMiddleware(t, httpmode.Config{Guard: g, GetOnly: httpmode.SeeOther}).Handler(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.Host, " ", r.RequestURI)
		})))
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, target, location, asked string }{
		{"two slashes", "//evil.example/a", "/.//evil.example/a", "//evil.example/a"},
		{"three slashes", "///evil.example/a?b", "/.///evil.example/a?b", "///evil.example/a?b"},
		{"a backslash", `/\evil.example`, "/%5Cevil.example", "/%5Cevil.example"},
		{"two backslashes", `/\\evil.example`, "/%5C%5Cevil.example", "/%5C%5Cevil.example"},
		{"two slashes, one escaped", "/%2fevil.example", "/%2fevil.example", "/%2fevil.example"},
		{"a host in the request line", "http://evil.example//other.example/a", "/.//other.example/a", "//other.example/a"},
		{"bytes that are not ASCII in the query", "/a?\xff\xc3\xbc\\", "/a?%FF%C3%BC%5C", "/a?%FF%C3%BC%5C"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := s.raw(t, "POST "+tt.target+" HTTP/1.1\r\nHost: site.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b")
			location := resp.header.Get("Location")
			if resp.status != http.StatusSeeOther || location != tt.location {
				t.Fatalf("got %d to %q, want %q", resp.status, location, tt.location)
			}
			target, err := base.Parse(location)
			if err != nil || target.Host != base.Host {
				t.Fatalf("it leads to %v, %v", target, err)
			}
			s.do(t, "GET", target.RequestURI(), "").wantAnswer(t, 200, base.Host+" "+tt.asked)
		})
	}
}

func TestRewriteAllMakesAGetOfEveryPost(t *testing.T) {
	g := newGuard(t)
	hold(t, g, getOnly)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /a", echo)
	mux.HandleFunc("POST /search", echo)
	mux.HandleFunc("POST /graphql", echo)
	mux.HandleFunc("POST /only", echo)
	s := serve(t, newMiddleware(t, httpmode.Config{
		Guard: g, GetOnly: httpmode.RewriteAll, Reads: []string{"POST /search"}, GraphQL: []string{"/graphql"}, Writes: []string{"GET /verify"},
	}).Handler(mux))
	for _, headers := range [][]string{
		{form}, {jsonType, "Accept: application/json"}, {"Content-Type: text/plain"}, {}, {form, "HX-Request: true"},
		{form, "Sec-Fetch-Mode: cors"}, {"Content-Type: ;;"}, {"X-HTTP-Method-Override: DELETE"},
	} {
		s.do(t, "POST", "/a", "a=b", headers...).wantAnswer(t, 200, "GET ")
	}
	s.do(t, "POST", "/search", "a=b", form).wantAnswer(t, 200, "POST a=b")
	s.do(t, "POST", "/graphql", inJSON("{ a }", ""), jsonType).wantAnswer(t, 200, "POST "+inJSON("{ a }", ""))
	if got := s.do(t, "POST", "/graphql", inJSON("mutation { a }", ""), jsonType); got.status != 503 {
		t.Errorf("a mutation got %d", got.status)
	}
	s.do(t, "POST", "/only", "{}", jsonType).wantMaintenance(t, httpmode.CauseWrite)
	s.do(t, "POST", "/verify", "{}", jsonType).wantMaintenance(t, httpmode.CauseWrite)
	s.do(t, "PUT", "/a", "a=b", form).wantMaintenance(t, httpmode.CauseWrite)
	hold(t, g, readOnly)
	s.do(t, "POST", "/a", "a=b", form).wantMaintenance(t, httpmode.CauseWrite)
}
