package httpmode_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

const multipartForm = "Content-Type: multipart/form-data; boundary=x"

// parts writes a multipart form; each field is the rest of its Content-Disposition and its content.
func parts(fields ...[2]string) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "--x\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n", f[0], f[1])
	}
	return b.String() + "--x--\r\n"
}

func TestNothingTypedIsLost(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g, SecretFields: []string{"maidenName"}}).Handler(http.HandlerFunc(echo)))
	for _, tt := range []struct {
		name, contentType, body string
		shown                   []control
		again                   bool
		controls                []control // what the button sends; if nil, just what is shown
		advice                  string
	}{
		{name: "a comment", body: "text=hello+world", shown: []control{{"Text", "hello world"}}, again: true, controls: []control{{"text", "hello world"}}},
		{
			name: "several fields, in their order", body: "b=2&a=1&b=3&c=&b=2", again: true,
			shown:    []control{{"B", "2"}, {"A", "1"}, {"B", "3"}, {"B", "2"}},
			controls: []control{{"b", "2"}, {"a", "1"}, {"b", "3"}, {"c", ""}, {"b", "2"}},
		},
		{
			name: "several lines", body: "comment%5Btext%5D=%0D%0Aone%0D%0A%0D%0Atwo", again: true,
			shown:    []control{{"Text", "\none\n\ntwo"}},
			controls: []control{{"comment[text]", "\none\n\ntwo"}},
		},
		{
			name: "HTML in names and values", again: true,
			body:     url.Values{`"><script>alert(1)</script>`: {`</textarea><img src=x onerror=alert(1)>"'` + "\r\n" + `{{.}} &lt;`}}.Encode(),
			shown:    []control{{"Script alert 1 script", `</textarea><img src=x onerror=alert(1)>"'` + "\n" + `{{.}} &lt;`}},
			controls: []control{{`"><script>alert(1)</script>`, `</textarea><img src=x onerror=alert(1)>"'` + "\n" + `{{.}} &lt;`}},
		},
		{
			name: "bidirectional controls", body: url.Values{"a\u202eb": {"\u202eevil\u2066"}}.Encode(), again: true,
			shown: []control{{"A b", "\u202eevil\u2066"}}, controls: []control{{"a\u202eb", "\u202eevil\u2066"}},
		},
		{
			name: "a CSRF token travels unseen", body: "gorilla.csrf.Token=t%3D%3D&text=hi", again: true,
			shown: []control{{"Text", "hi"}}, controls: []control{{"gorilla.csrf.Token", "t=="}, {"text", "hi"}},
		},
		{name: "a password stays away", body: "user=ada&password=tiger", shown: []control{{"User", "ada"}}, advice: "Go back to the form"},
		{
			name: "a password that was left empty", body: "user=ada&password=", again: true,
			shown: []control{{"User", "ada"}}, controls: []control{{"user", "ada"}, {"password", ""}},
		},
		{name: "a secret of the configuration", body: "a=b&mothers_maiden-name=tiger", shown: []control{{"A", "b"}}, advice: "Go back to the form"},
		{
			name: "a multipart form", contentType: multipartForm, again: true,
			body:     parts([2]string{`name="text"`, "hello\r\nworld"}, [2]string{`name="empty"`, ""}),
			shown:    []control{{"Text", "hello\nworld"}},
			controls: []control{{"text", "hello\nworld"}, {"empty", ""}},
		},
		{
			name: "a file stays away", contentType: multipartForm, advice: "Go back to the form",
			body:  parts([2]string{`name="text"`, "hello"}, [2]string{`name="photo"; filename="tiger.png"`, "tiger"}),
			shown: []control{{"Text", "hello"}},
		},
		{
			name: "a file that was not chosen", contentType: multipartForm, again: true,
			body:     parts([2]string{`name="text"`, "hello"}, [2]string{`name="photo"; filename=""` + "\r\nContent-Type: application/octet-stream", ""}),
			shown:    []control{{"Text", "hello"}},
			controls: []control{{"text", "hello"}, {"photo", ""}},
		},
		{
			name: "a multipart form that is cut off", contentType: multipartForm, advice: "Go back to the form",
			body:  strings.TrimSuffix(parts([2]string{`name="text"`, "hello"}, [2]string{`name="more"`, "tiger"}), "\r\n--x--\r\n"),
			shown: []control{{"Text", "hello"}},
		},
		{
			name: "a multipart form whose beginning somebody has read", contentType: multipartForm, advice: "Go back to the form",
			body: parts([2]string{`name="text"`, "hello"}, [2]string{`name="more"`, "text"})[10:],
		},
		{name: "a multipart form without a boundary", contentType: "Content-Type: multipart/form-data", body: "tiger", advice: "Go back to the form"},
		{name: "not UTF-8", body: "a=b&text=tiger%FF", shown: []control{{"A", "b"}}, advice: "Go back to the form"},
		{name: "NUL", body: "a=b&text=tiger%00", shown: []control{{"A", "b"}}, advice: "Go back to the form"},
		{name: "another charset", contentType: form + "; charset=shift_jis", body: "text=tiger", advice: "Go back to the form"},
		{name: "UTF-8 by name", contentType: form + "; charset=UTF-8", body: "text=hi", shown: []control{{"Text", "hi"}}, again: true, controls: []control{{"text", "hi"}}},
		{name: "a charset in a field", body: "_charset_=windows-1252&text=hi", shown: []control{{"Text", "hi"}}, advice: "Go back to the form"},
		{name: "a charset that a browser fills in by another spelling", body: "_Charset_=&text=hi", shown: []control{{"Text", "hi"}}, advice: "Go back to the form"},
		{
			name: "what frameworks add", body: "utf8=%E2%9C%93&_method=patch&text=hi", again: true,
			shown: []control{{"Text", "hi"}}, controls: []control{{"utf8", "✓"}, {"_method", "patch"}, {"text", "hi"}},
		},
		{name: "malformed escapes", body: "a=b&text=tiger%zz", shown: []control{{"A", "b"}}, advice: "Go back to the form"},
		{name: "a semicolon, which handlers differ about", body: "a=b&text=tiger;x", shown: []control{{"A", "b"}}, advice: "Go back to the form"},
		{name: "a field without a name", body: "a=b&=tiger", shown: []control{{"A", "b"}}, advice: "Go back to the form"},
		{name: "a name without letters", body: "%3F%3F=hi", shown: []control{{"0", "hi"}}, again: true, controls: []control{{"??", "hi"}}},
		{
			name: "a long name", body: strings.Repeat("long", 1000) + "=hi", again: true,
			shown: []control{{"L" + strings.Repeat("long", 15)[1:59] + "…", "hi"}}, controls: []control{{strings.Repeat("long", 1000), "hi"}},
		},
		{name: "a body that is compressed", contentType: form + "|Content-Encoding: gzip", body: "text=tiger", advice: "Go back and your text is still in the form"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			contentType := tt.contentType
			if contentType == "" {
				contentType = form
			}
			got := s.do(t, "POST", "/comments", tt.body, append(strings.Split(contentType, "|"), browser)...)
			got.wantMaintenance(t, httpmode.CauseWrite)
			page := readPage(t, got.body)
			if !slices.Equal(page.shown, tt.shown) {
				t.Errorf("shown: %q, want %q", page.shown, tt.shown)
			}
			if !slices.Equal(page.controls, tt.controls) || len(page.buttons) == 1 != tt.again || page.forms == 1 != tt.again {
				t.Errorf("the button %q sends %q, want %q", page.buttons, page.controls, tt.controls)
			}
			if tt.again {
				tt.advice = "it is on this page"
				if multi := page.attributes["enctype"] != ""; multi != (tt.contentType == multipartForm) {
					t.Errorf("the form has the attributes %v", page.attributes)
				}
			} else if strings.Contains(got.body, "tiger") {
				t.Error("the page has in it what it must not have")
			}
			if !strings.Contains(got.body, tt.advice) {
				t.Errorf("the page does not say %q: %s", tt.advice, got.body)
			}
			if n := page.elements["script"] + page.elements["img"]; n != 0 {
				t.Errorf("%d elements were injected", n)
			}
		})
	}
}

func TestTheButtonSendsTheSameForm(t *testing.T) {
	g := newGuard(t)
	var got url.Values
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil && err != http.ErrNotMultipart {
			t.Error(err)
		}
		got = r.PostForm
		fmt.Fprintf(w, "saved by %s %s", r.Method, r.URL)
	})))
	want := url.Values{"text": {"one\r\n\r\ntwo", "\r\n"}, "a[b]": {"<&\"'+%"}, "csrf_token": {"t"}, "empty": {""}}
	var fields [][2]string
	for name, values := range want {
		for _, value := range values {
			fields = append(fields, [2]string{`name="` + name + `"`, value})
		}
	}
	// The path of the last one would be another site's, were it written into the page.
	for _, path := range []string{"/comments?page=2&q=%22", "//evil.example/x"} {
		for contentType, body := range map[string]string{form: want.Encode(), multipartForm: parts(fields...)} {
			hold(t, g, readOnly)
			refused := s.do(t, "POST", path, body, contentType, browser)
			refused.wantMaintenance(t, httpmode.CauseWrite)
			page := readPage(t, refused.body)
			page.submit(t, s, path).wantMaintenance(t, httpmode.CauseWrite) // and nothing is lost by trying
			hold(t, g, sqlguard.Change{})
			page.submit(t, s, path).wantAnswer(t, 200, "saved by POST "+path)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: the handler got %q, want %q", contentType, got, want)
			}
		}
	}
}

func TestWhatTheHandlerHasReadIsGivenBack(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	long := "text=" + strings.Repeat("long+", 4000)
	for _, tt := range []struct {
		name string
		read func(*http.Request)
	}{
		{"nothing", func(*http.Request) {}},
		{"all of it", func(r *http.Request) { io.Copy(io.Discard, r.Body) }},
		{"the form", func(r *http.Request) { r.ParseForm() }},
		{"a part", func(r *http.Request) { io.ReadFull(r.Body, make([]byte, 10)) }},
		{"a part, in two goroutines", func(r *http.Request) {
			done := make(chan bool)
			go func() { io.ReadFull(r.Body, make([]byte, 7)); close(done) }()
			io.ReadFull(r.Body, make([]byte, 11))
			<-done
		}},
		{"all of it, and it is closed", func(r *http.Request) { io.Copy(io.Discard, r.Body); r.Body.Close() }},
	} {
		for _, http2 := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %t", tt.name, http2), func(t *testing.T) {
				m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /"}})
				s := serveBy(t, http2, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					tt.read(r)
					if write(r.Context(), g) != nil {
						http.Error(w, "own", 500)
					}
				})))
				got := s.do(t, "POST", "/", long, form, browser)
				got.wantMaintenance(t, httpmode.CauseWrite)
				page := readPage(t, got.body)
				want := []control{{"text", strings.Repeat("long ", 4000)}}
				if !slices.Equal(page.controls, want) || len(page.buttons) != 1 {
					t.Errorf("the button %q sends %.40q", page.buttons, page.controls)
				}
			})
		}
	}
}

func TestAFormThatGetOnlyModeTookIsGivenBack(t *testing.T) {
	g := newGuard(t)
	hold(t, g, getOnly)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /comments", echo)
	mux.HandleFunc("/talks", func(w http.ResponseWriter, r *http.Request) {
		for range 2 {
			typed := httpmode.FormFromContext(r.Context())
			fmt.Fprintln(w, typed.SendAgain, typed.Fields)
		}
	})
	mux.HandleFunc("POST /search", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, httpmode.FormFromContext(r.Context()).Fields, " ")
		io.Copy(w, r.Body)
	})
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /search"}}).Handler(mux))
	got := s.do(t, "POST", "/comments", "text=hello", form, browser)
	got.wantMaintenance(t, httpmode.CauseWrite)
	if page := readPage(t, got.body); !slices.Equal(page.controls, []control{{"text", "hello"}}) {
		t.Errorf("the page that stands for a 405 has %q", page.controls)
	}
	s.do(t, "POST", "/talks", "text=hello", form, browser).wantAnswer(t, 200, "true [{text hello false}]\ntrue [{text hello false}]\n")
	s.do(t, "GET", "/talks", "").wantAnswer(t, 200, "false []\nfalse []\n")
	t.Run("from nobody else", func(t *testing.T) {
		s.do(t, "POST", "/search", "text=hello", form, browser).wantAnswer(t, 200, "[] text=hello")
		hold(t, g, sqlguard.Change{})
		s.do(t, "POST", "/talks", "text=hello", form, browser).wantAnswer(t, 200, "false []\nfalse []\n")
	})
}

func TestWhatAGuestTypedIsGivenBack(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	})))
	got := s.do(t, "POST", "/comments", "text=hello", form, browser, "Cookie: session=1")
	got.wantMaintenance(t, httpmode.CauseSignIn)
	if page := readPage(t, got.body); !slices.Equal(page.controls, []control{{"text", "hello"}}) {
		t.Errorf("the page has %q", page.controls)
	}
	for _, advice := range []string{"If you were signed in before", "it is on this page"} {
		if !strings.Contains(got.body, advice) {
			t.Errorf("the page does not say %q", advice)
		}
	}
}

func TestAFormThatAnotherSiteSentIsNotShown(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := serve(t, newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(echo)))
	for _, tt := range []struct {
		name    string
		headers []string
		shown   bool
	}{
		{"nothing said", nil, true},
		{"the same origin", []string{"Sec-Fetch-Site: same-origin", "Origin: https://evil.example"}, true},
		{"by the visitor alone", []string{"Sec-Fetch-Site: none"}, true},
		{"the same origin, by an old browser", []string{"Origin: " + s.URL}, true},
		{"another site", []string{"Sec-Fetch-Site: cross-site"}, false},
		{"a sibling", []string{"Sec-Fetch-Site: same-site", "Origin: " + s.URL}, false},
		{"another site, by an old browser", []string{"Origin: https://evil.example"}, false},
		{"an origin that is hidden", []string{"Origin: null"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.do(t, "POST", "/", "text=hello", append(tt.headers, form, browser)...)
			got.wantMaintenance(t, httpmode.CauseWrite)
			if strings.Contains(got.body, "hello") != tt.shown || strings.Contains(got.body, "<form") != tt.shown {
				t.Errorf("got %s", got.body)
			}
			if !tt.shown && !strings.Contains(got.body, "Go back and your text is still in the form") {
				t.Error("the page does not say where the text is")
			}
		})
	}
}

func TestAFormThatWasParsedAlreadyIsGivenBack(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	inside := m.Handler(http.HandlerFunc(echo))
	parse := func(r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil && err != http.ErrNotMultipart {
			t.Error(err)
		}
	}
	for where, h := range map[string]http.HandlerFunc{
		"by an outer layer": func(w http.ResponseWriter, r *http.Request) { parse(r); inside.ServeHTTP(w, r) },
		"by a handler without the middleware": func(w http.ResponseWriter, r *http.Request) {
			parse(r)
			m.WriteError(w, r, sqlguard.ErrReadOnly)
		},
	} {
		t.Run(where, func(t *testing.T) {
			s := serve(t, h)
			for _, tt := range []struct {
				name, contentType, body string
				controls                []control
			}{
				{"urlencoded", form, "b=2&a=1&b=3", []control{{"a", "1"}, {"b", "2"}, {"b", "3"}}},
				{"multipart", multipartForm, parts([2]string{`name="a"`, "1"}), []control{{"a", "1"}}},
				{"with a file", multipartForm, parts([2]string{`name="a"`, "1"}, [2]string{`name="b"; filename="c"`, "2"}), nil},
				{"too long", form, "a=" + strings.Repeat("b", 64<<10), nil},
				{"of too many fields", form, strings.Repeat("a=1&", 501), nil},
			} {
				got := s.do(t, "POST", "/?query=no", tt.body, tt.contentType, browser)
				got.wantMaintenance(t, httpmode.CauseWrite)
				if page := readPage(t, got.body); !slices.Equal(page.controls, tt.controls) {
					t.Errorf("%s: the page has %q, want %q", tt.name, page.controls, tt.controls)
				}
			}
		})
	}
	t.Run("in a way that leaves nothing", func(t *testing.T) {
		s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.ReadFull(r.Body, make([]byte, 5))
			inside.ServeHTTP(w, r)
		}))
		got := s.do(t, "POST", "/", "text=abc&more=def", form, browser)
		got.wantMaintenance(t, httpmode.CauseWrite)
		if page := readPage(t, got.body); len(page.buttons) > 0 {
			t.Errorf("the button sends a part of the form: %q", page.controls)
		}
	})
}

func TestTheFormIsGivenBackUpToItsBounds(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"/read"}})
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		m.WriteError(w, r, sqlguard.ErrReadOnly)
	}))
	for _, tt := range []struct {
		name, body string
		shown      int
		again      bool
	}{
		{"64 KiB", "text=" + strings.Repeat("x", 64<<10-5), 1, true},
		{"a byte more", "text=" + strings.Repeat("x", 64<<10-4), 0, false},
		{"a byte more in the second field", "a=1&text=" + strings.Repeat("x", 64<<10-8), 1, false},
		{"10 MB", "text=" + strings.Repeat("x", 10<<20), 0, false},
		{"500 fields", strings.TrimSuffix(strings.Repeat("a=1&", 500), "&"), 500, true},
		{"501 fields", strings.TrimSuffix(strings.Repeat("a=1&", 501), "&"), 500, false},
		{"64 KiB of separators", strings.Repeat("&", 64<<10), 0, false},
	} {
		for _, path := range []string{"/refused", "/read"} {
			t.Run(tt.name+path, func(t *testing.T) {
				r := httptest.NewRequest("POST", path, strings.NewReader(tt.body))
				r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html"}}
				if path == "/read" {
					r.ContentLength = -1 // as of one that comes in chunks
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				page := readPage(t, w.Body.String())
				if len(page.shown) != tt.shown || len(page.buttons) == 1 != tt.again {
					t.Errorf("%d fields are shown, want %d; buttons: %q", len(page.shown), tt.shown, page.buttons)
				}
				if n := w.Body.Len(); n > 512<<10 {
					t.Errorf("the page has %d bytes", n)
				}
			})
		}
	}
}
