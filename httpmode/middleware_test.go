package httpmode_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// echo answers with the method and body that the handler got.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s", r.Method, body)
}

func TestReadOnlyRefusesByMethodBeforeTheHandler(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	s := serve(t, m.Handler(http.HandlerFunc(echo)))
	methods := map[string]bool{ // whether it writes
		"GET": false, "HEAD": false, "OPTIONS": false, "QUERY": false, "TRACE": false,
		"POST": true, "PUT": true, "PATCH": true, "DELETE": true, "PROPFIND": true, "get": true,
	}
	for method, writes := range methods {
		t.Run(method, func(t *testing.T) {
			want := method + " "
			if method == "HEAD" {
				want = ""
			}
			for _, c := range []sqlguard.Change{{}, observe, anonymous, readOnly, {GetOnly: true}} {
				hold(t, g, c)
				got := s.do(t, method, "/", "")
				if writes && (c.Mode == sqlguard.ReadOnly || c.GetOnly) {
					got.wantMaintenance(t, httpmode.CauseWrite)
				} else {
					got.wantAnswer(t, 200, want)
				}
			}
		})
	}
}

func TestMethodOverrideOnAGetIsAWrite(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(echo)))
	for _, header := range []string{"X-HTTP-Method-Override: delete", "X-HTTP-Method: PUT", "X-Method-Override: PATCH",
		"X_HTTP_METHOD_OVERRIDE: DELETE", "x-http_method: PUT"} {
		s.do(t, "GET", "/", "", header).wantMaintenance(t, httpmode.CauseWrite)
	}
	s.do(t, "GET", "/", "", "X-HTTP-Method-Override: head").wantAnswer(t, 200, "GET ")
	s.do(t, "POST", "/", "", "X-HTTP-Method-Override: GET").wantMaintenance(t, httpmode.CauseWrite)
}

func TestMethodOverrideIsJudgedByItsOwnRoute(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := serve(t, newMiddleware(t, httpmode.Config{
		Guard: g, Reads: []string{"POST /search", "/graphql"}, Writes: []string{"PUT /graphql", "GET /verify"}, Exempt: []string{"GET /healthz"},
	}).Handler(http.HandlerFunc(echo)))
	for _, tt := range []struct {
		name, method, path, override string
		refused                      bool
	}{
		{"a read that becomes a write", "POST", "/search", "DELETE", true},
		{"a health check that becomes a write", "GET", "/healthz", "PUT", true},
		{"a read by whatever method", "POST", "/graphql", "PATCH", false},
		{"but for the one that is declared", "POST", "/graphql", "PUT", true},
		{"a read that stays one", "POST", "/search", "post", false},
		{"a read that becomes a GET that writes", "QUERY", "/verify", "get", true},
		{"a read that becomes a HEAD that writes", "OPTIONS", "/verify", "HEAD", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.do(t, tt.method, tt.path, "", "X-HTTP-Method-Override: TRACE", "X-HTTP-Method-Override: "+tt.override)
			if refused := got.status == 503; refused != tt.refused {
				t.Errorf("status %d, refused %t, want %t", got.status, refused, tt.refused)
			}
		})
	}
}

func TestModeHeaderNamesWhatIsOn(t *testing.T) {
	g := newGuard(t)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(echo)))
	for _, tt := range []struct {
		change sqlguard.Change
		want   string
	}{
		{sqlguard.Change{}, ""},
		{observe, "observe"},
		{readOnly, "read-only"},
		{anonymous, "anonymous"},
		{sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true}, "read-only, anonymous, get-only"},
	} {
		hold(t, g, tt.change)
		if got := s.do(t, "GET", "/", "").header.Get("Quiesce-Mode"); got != tt.want {
			t.Errorf("with %+v: %q, want %q", tt.change, got, tt.want)
		}
	}
}

func TestAHandlerThatClearsItsHeaderLeavesTheMode(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clear(w.Header()) // as renderers of errors do
		w.WriteHeader(http.StatusNotFound)
	})))
	if got := s.do(t, "GET", "/", "").header["Quiesce-Mode"]; len(got) != 1 || got[0] != "read-only" {
		t.Errorf("Quiesce-Mode: %q", got)
	}
}

func TestRoutesAreMatchedExactly(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{
		Guard:  g,
		Reads:  []string{"POST /search", "/graphql", "POST /admin/report"},
		Writes: []string{"GET /verify/{token}", "/admin/"},
		Exempt: []string{"/healthz", "PUT /panel", "/assets/"},
	})
	s := serve(t, m.Handler(http.HandlerFunc(echo)))
	for _, tt := range []struct {
		name, method, path string
		refused            bool
	}{
		{"a search by POST reads", "POST", "/search", false},
		{"a query does not matter", "POST", "/search?q=/verify/x", false},
		{"only by that method", "PUT", "/search", true},
		{"a route that only begins alike is another", "POST", "/searches", true},
		{"a route that only contains it is another", "POST", "/a/search", true},
		{"a slash more is another", "POST", "/search/", true},
		{"what would be redirected to it is another", "POST", "//search", true},
		{"a dot segment is not it", "POST", "/x/../search", true},
		{"an escaped letter is it", "POST", "/%73earch", false},
		{"an escaped slash is not it", "POST", "/search%2f", true},
		{"without a method all methods are meant", "DELETE", "/graphql", false},
		{"a link that writes is refused", "GET", "/verify/abc", true},
		{"so is its HEAD", "HEAD", "/verify/abc", true},
		{"so is what would be redirected to it", "GET", "//verify/abc", true},
		{"another depth is not it", "GET", "/verify/abc/def", false},
		{"a tree that writes is refused", "GET", "/admin/users", true},
		{"the more specific route wins", "POST", "/admin/report", false},
		{"health is left alone", "POST", "/healthz", false},
		{"the panel is left alone", "PUT", "/panel", false},
		{"by its method only", "POST", "/panel", true},
		{"a tree is left alone", "POST", "/assets/a%20b", false},
		{"but not what an escaped dot segment leads out of", "POST", "/assets/%2e%2e/orders", true},
		{"nor with an escaped slash", "POST", "/assets/..%2forders", true},
		{"a link that writes is refused escaped", "GET", "/%76erify/abc", true},
		{"and with an escaped slash", "GET", "/verify%2fabc", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.do(t, tt.method, tt.path, "")
			if refused := got.status == 503; refused != tt.refused {
				t.Errorf("%s %s: status %d, refused %t, want %t", tt.method, tt.path, got.status, refused, tt.refused)
			}
		})
	}
}

func TestAReadByPostKeepsItsBodyInEveryMode(t *testing.T) {
	g := newGuard(t)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /search"}}).Handler(http.HandlerFunc(echo)))
	for _, c := range []sqlguard.Change{readOnly, getOnly, anonymous} {
		hold(t, g, c)
		s.do(t, "POST", "/search", "q=go", form, "Accept: text/html").wantAnswer(t, 200, "POST q=go")
	}
}

func TestOffAndExemptGetTheirOwnWriterAndRequest(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g, Exempt: []string{"/healthz"}})
	var gotW http.ResponseWriter
	var gotR *http.Request
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { gotW, gotR = w, r }))
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/healthz", nil)
	for _, c := range []sqlguard.Change{{}, {Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true}} {
		hold(t, g, c)
		gotW, gotR = nil, nil
		h.ServeHTTP(w, r)
		if gotW != w || gotR != r {
			t.Errorf("with %+v the handler got another writer or request", c)
		}
		if len(w.Header()) > 0 {
			t.Errorf("with %+v the header is %v, want none", c, w.Header())
		}
	}
}

func TestCallersRequestIsNotChanged(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Inner", "1")
		r.Header["X-List"][0] = "changed"
	}))
	for _, c := range []sqlguard.Change{getOnly, {Mode: sqlguard.ReadOnly, Anonymous: true, GetOnly: true}} {
		hold(t, g, c)
		r := httptest.NewRequest("POST", "/", nil)
		r.Header = http.Header{
			"Cookie": {"session=1"}, "Content-Type": {"application/x-www-form-urlencoded"}, "X-Api-Key": {"k"}, "X-List": {"a", "b"},
		}
		r.Form = map[string][]string{"a": {"b"}}
		before := r.Header.Clone()
		h.ServeHTTP(httptest.NewRecorder(), r)
		if r.Method != "POST" || r.Form == nil || fmt.Sprint(r.Header) != fmt.Sprint(before) {
			t.Errorf("with %+v the caller's request became %s %v %v", c, r.Method, r.Form, r.Header)
		}
	}
}

func TestOuterLayersSeeThePatternInEveryMode(t *testing.T) {
	g := newGuard(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/talks/{id}", nothing)
	h := newMiddleware(t, httpmode.Config{Guard: g, BypassKey: bypassKey}).Handler(mux)
	for name, tt := range map[string]struct {
		change sqlguard.Change
		method string
		token  bool
	}{
		"off":               {sqlguard.Change{}, "GET", false},
		"observe":           {observe, "POST", false},
		"read-only":         {readOnly, "GET", false},
		"anonymous":         {anonymous, "GET", false},
		"in a bypass":       {readOnly, "POST", true},
		"a form made a GET": {getOnly, "POST", false},
	} {
		hold(t, g, tt.change)
		r := httptest.NewRequest(tt.method, "/talks/1", nil)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if tt.token {
			r.Header.Set(httpmode.HeaderBypass, sign(t, bypassKey, "smoke test", time.Now().Add(time.Hour)))
		}
		if h.ServeHTTP(httptest.NewRecorder(), r); r.Pattern != "/talks/{id}" {
			t.Errorf("%s: the pattern is %q", name, r.Pattern)
		}
	}
}

func TestMiddlewareTwiceActsOnce(t *testing.T) {
	g := newGuard(t)
	hold(t, g, getOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	var info httpmode.Info
	h := m.Handler(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info = httpmode.FromContext(r.Context())
	})))
	serve(t, h).do(t, "POST", "/", "a=b", form)
	if !info.Converted {
		t.Error("the inner handler does not see that the form was converted")
	}
}

func TestFlippingWhileServing(t *testing.T) {
	g := newGuard(t)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if write(r.Context(), g) != nil {
			http.Error(w, "failed", 500)
		}
	}))
	stop := make(chan struct{})
	var flips, requests sync.WaitGroup
	flips.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				hold(t, g, []sqlguard.Change{{}, readOnly, getOnly, anonymous, observe}[i%5])
			}
		}
	})
	for range 4 {
		requests.Go(func() {
			for range 500 {
				w := httptest.NewRecorder()
				r := httptest.NewRequest("POST", "/", nil)
				r.Header.Set("Cookie", "session=1")
				h.ServeHTTP(w, r)
				if w.Code != 200 && w.Code != 500 && w.Code != 503 {
					t.Errorf("status %d", w.Code)
				}
			}
		})
	}
	requests.Wait()
	close(stop)
	flips.Wait()
}
