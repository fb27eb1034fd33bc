package httpmode_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// handle serves a handler of POST /, which is declared to read, so that it runs.
func handle(t *testing.T, cfg httpmode.Config, h http.HandlerFunc) *site {
	t.Helper()
	return handleBy(t, true, cfg, h)
}

func handleBy(t *testing.T, http2 bool, cfg httpmode.Config, h http.HandlerFunc) *site {
	t.Helper()
	cfg.Reads = []string{"POST /"}
	return serveBy(t, http2, newMiddleware(t, cfg).Handler(h))
}

func TestRefusedWriteBecomesTheMaintenanceAnswer(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		mapped  bool
		status  int // of an answer that is not mapped
	}{
		{"http.Error", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "oops", 500) }, true, 0},
		{"a status alone", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(502) }, true, 0},
		{"a status twice", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); w.WriteHeader(200) }, true, 0},
		{"bytes", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			if n, err := w.Write([]byte("oops")); n != 4 || err != nil {
				t.Errorf("Write returned %d, %v", n, err)
			}
		}, true, 0},
		{"a string", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			if n, err := w.(io.StringWriter).WriteString("oops"); n != 4 || err != nil {
				t.Errorf("WriteString returned %d, %v", n, err)
			}
		}, true, 0},
		{"a copy", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			if n, err := io.Copy(w, io.LimitReader(zeros{}, 1<<20)); n != 1<<20 || err != nil {
				t.Errorf("Copy returned %d, %v", n, err)
			}
		}, true, 0},
		{"a flush", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			w.(http.Flusher).Flush()
			fmt.Fprint(w, "oops")
		}, true, 0},
		{"a flush with an error", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}, true, 0},
		{"early hints first", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(103)
			w.WriteHeader(500)
		}, true, 0},
		{"http.TimeoutHandler inside", func(w http.ResponseWriter, r *http.Request) {
			http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }), 1<<40, "").ServeHTTP(w, r)
		}, true, 0},
		{"a success", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "oops") }, false, 200},
		{"nothing at all", func(w http.ResponseWriter, r *http.Request) {}, false, 200},
		{"a client's error", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(409) }, false, 409},
		{"a flush before the status", func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			fmt.Fprint(w, "oops")
		}, false, 200},
		{"bytes before the status", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "oops")
		}, false, 200},
	} {
		for _, by := range []string{"HTTP/1", "HTTP/2", "HTTP/1, behind other middleware"} {
			t.Run(tt.name+", "+by, func(t *testing.T) {
				m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /"}})
				h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !errors.Is(write(r.Context(), g), sqlguard.ErrReadOnly) {
						t.Error("the write was not refused")
					}
					w.Header().Set("Content-Disposition", "attachment")
					tt.handler(w, r)
				}))
				s := serveBy(t, by == "HTTP/2", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(by, "middleware") {
						w = partialOutside{w, w.(http.Flusher), w.(io.StringWriter), w.(io.ReaderFrom)}
					}
					h.ServeHTTP(w, r)
				}))
				got := s.do(t, "POST", "/", "x")
				if tt.mapped {
					got.wantMaintenance(t, httpmode.CauseWrite)
					if strings.Contains(got.body, "oops") || got.header.Get("Content-Disposition") != "" || got.header.Get("Link") != "" {
						t.Errorf("something of the handler's answer is left: %v %s", got.header, got.body)
					}
				} else if got.status != tt.status || got.header.Get("Content-Disposition") == "" {
					t.Errorf("got %d %v, want the handler's %d", got.status, got.header, tt.status)
				}
				if text := s.complaints.String(); text != "" {
					t.Errorf("net/http complains: %s", text)
				}
			})
		}
	}
}

// partialOutside is a writer of middleware outside, with some of the optional
// interfaces of net/http's.
type partialOutside struct {
	http.ResponseWriter
	http.Flusher
	io.StringWriter
	io.ReaderFrom
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestOtherErrorsAreTheHandlersOwn(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	s := handle(t, httpmode.Config{Guard: g}, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "bug", 500)
	})
	s.do(t, "POST", "/", "").wantAnswer(t, 500, "bug\n")
}

func TestMapFromIsTheLowestStatusMapped(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	for _, tt := range []struct {
		mapFrom, status int
		mapped          bool
	}{
		{0, 499, false}, {0, 500, true}, {400, 399, false}, {400, 400, true}, {400, 422, true}, {409, 408, false}, {409, 409, true}, {503, 502, false},
	} {
		s := handle(t, httpmode.Config{Guard: g, MapFrom: tt.mapFrom}, func(w http.ResponseWriter, r *http.Request) {
			write(r.Context(), g)
			w.WriteHeader(tt.status)
		})
		if got := s.do(t, "POST", "/", ""); tt.mapped {
			got.wantMaintenance(t, httpmode.CauseWrite)
		} else {
			got.wantAnswer(t, tt.status, "")
		}
	}
}

func TestHeaderIsPutBackToWhatOuterLayersSet(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /"}})
	inner := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Length", "4")
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", `"1"`)
		h.Set("Content-Type", "image/png")
		h.Set("Set-Cookie", "flash=saved")
		h.Set("X-Outer", "changed")
		h.Del("X-Removed")
		h["X-List"][0] = "changed"
		write(r.Context(), g)
		w.WriteHeader(500)
	}))
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("X-Outer", "kept")
		w.Header().Set("X-Removed", "kept")
		w.Header().Set("X-List", "kept")
		inner.ServeHTTP(w, r)
	}))
	got := s.do(t, "POST", "/", "")
	got.wantMaintenance(t, httpmode.CauseWrite)
	for name, want := range map[string]string{
		"Content-Encoding": "", "ETag": "", "Set-Cookie": "", "Content-Type": "text/plain; charset=utf-8",
		"Access-Control-Allow-Origin": "*", "X-Outer": "kept", "X-Removed": "kept", "X-List": "kept",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
}

func TestWhatAHandlerSaysAfterItsAnswerWasReplacedIsNotSaidOfOurs(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	inner := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /"}}).Handler(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err := write(r.Context(), g)
			w.WriteHeader(500)
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Set-Cookie", "session=1")
			http.Error(w, err.Error(), 500)
		}))
	for name, outer := range map[string]http.Handler{ // the header is sent when the handler has ended
		"a buffer outside": http.TimeoutHandler(inner, time.Minute, ""),
		"a buffer outside that can be flushed": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			buffer := httptest.NewRecorder()
			inner.ServeHTTP(buffer, r)
			maps.Copy(w.Header(), buffer.Header())
			w.WriteHeader(buffer.Code)
			w.Write(buffer.Body.Bytes())
		}),
	} {
		t.Run(name, func(t *testing.T) {
			got := serve(t, outer).do(t, "POST", "/", "", "Accept: text/html")
			got.wantMaintenance(t, httpmode.CauseWrite)
			for header, want := range map[string]string{
				"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "", "Set-Cookie": "",
			} {
				if got.header.Get(header) != want {
					t.Errorf("%s: %q, want %q", header, got.header.Get(header), want)
				}
			}
		})
	}
}

func TestEarlyHintsSetNoCookies(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	s := handle(t, httpmode.Config{Guard: g}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=1")
		w.Header().Set("Link", "</a.css>")
		w.WriteHeader(103)
		w.Header().Set("Set-Cookie", "session=2")
		fmt.Fprint(w, "page")
	})
	var hints textproto.MIMEHeader
	req, _ := http.NewRequest("GET", s.URL, nil)
	req = req.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error { hints = header; return nil },
	}))
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if hints.Get("Link") == "" || hints.Get("Set-Cookie") != "" || resp.Header.Get("Set-Cookie") != "" || resp.StatusCode != 200 {
		t.Errorf("hints %v, answer %d %v", hints, resp.StatusCode, resp.Header)
	}
}

func TestHeaderIsGuardedOnEveryPath(t *testing.T) {
	g := newGuard(t)
	hold(t, g, anonymous)
	for name, end := range map[string]func(w http.ResponseWriter){
		"a status":      func(w http.ResponseWriter) { w.WriteHeader(204) },
		"bytes":         func(w http.ResponseWriter) { w.Write([]byte("x")) },
		"a string":      func(w http.ResponseWriter) { io.WriteString(w, "x") },
		"a copy":        func(w http.ResponseWriter) { w.(io.ReaderFrom).ReadFrom(strings.NewReader("x")) },
		"a flush":       func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"FlushError":    func(w http.ResponseWriter) { http.NewResponseController(w).Flush() },
		"nothing":       func(w http.ResponseWriter) {},
		"another panic": func(w http.ResponseWriter) { panic("bug") },
	} {
		t.Run(name, func(t *testing.T) {
			inner := newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Set-Cookie", "session=1")
				end(w)
			}))
			s := httptest.NewServer(recoverer(inner)) // HTTP/1, whose writer has ReadFrom
			defer s.Close()
			resp, err := s.Client().Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.Header.Get("Set-Cookie") != "" {
				t.Error("the cookie came through")
			}
		})
	}
}

// recoverer answers panics of what is inside with a 500.
func recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				http.Error(w, fmt.Sprint(v), 500)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func TestPanics(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	for _, tt := range []struct {
		name   string
		panics func(w http.ResponseWriter, err error)
		want   string // empty for the maintenance answer
	}{
		{"our error", func(w http.ResponseWriter, err error) { panic(err) }, ""},
		{"our error, wrapped", func(w http.ResponseWriter, err error) { panic(fmt.Errorf("save: %w", err)) }, ""},
		{"our error after an answer that was mapped", func(w http.ResponseWriter, err error) { w.WriteHeader(500); panic(err) }, ""},
		{"our error after bytes", func(w http.ResponseWriter, err error) { w.Write([]byte("part")); panic(err) }, "part"},
		{"another error", func(w http.ResponseWriter, err error) { panic(errors.New("bug")) }, "bug\n"},
		{"a string about our error", func(w http.ResponseWriter, err error) { panic("bug in " + err.Error()[:7]) }, "bug in quiesce\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMiddleware(t, httpmode.Config{Guard: g, Reads: []string{"POST /"}})
			s := serve(t, recoverer(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tt.panics(w, write(r.Context(), g))
			}))))
			got := s.do(t, "POST", "/", "")
			if tt.want == "" {
				got.wantMaintenance(t, httpmode.CauseWrite)
				if strings.Contains(got.body, "quiesce:") || s.complaints.String() != "" {
					t.Errorf("the panic went on: %s%s", got.body, s.complaints.String())
				}
			} else if !strings.HasPrefix(got.body, tt.want) {
				t.Errorf("got %d %q", got.status, got.body)
			}
		})
	}
}

func TestPanicValueIsPassedOnUntouched(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	value := &struct{ error }{errors.New("bug")}
	for _, v := range []any{http.ErrAbortHandler, value} {
		h := newMiddleware(t, httpmode.Config{Guard: g}).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(v) }))
		func() {
			defer func() {
				if got := recover(); got != v {
					t.Errorf("panicked with %v, want %v", got, v)
				}
			}()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}()
	}
}

func TestModeThatEndsDuringARequest(t *testing.T) {
	for name, after := range map[string]sqlguard.Change{
		"off": {}, "observe": observe, "anonymous alone": anonymous,
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuard(t)
			s := handle(t, httpmode.Config{Guard: g}, func(w http.ResponseWriter, r *http.Request) {
				write(r.Context(), g)
				hold(t, g, after)
				w.WriteHeader(500)
			})
			hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Until: time.Now().Add(time.Minute)})
			got := s.do(t, "POST", "/", "")
			got.wantMaintenance(t, httpmode.CauseWrite)
			if got.header.Get("Quiesce-Mode") != "read-only" || got.header.Get("Retry-After") == "" {
				t.Errorf("the answer is not that of the mode that refused: %v", got.header)
			}
		})
	}
}

func TestModeThatBeginsDuringARequest(t *testing.T) {
	g := newGuard(t)
	s := handle(t, httpmode.Config{Guard: g}, func(w http.ResponseWriter, r *http.Request) {
		hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "Now"})
		write(r.Context(), g)
		w.WriteHeader(500)
	})
	hold(t, g, observe)
	got := s.do(t, "POST", "/", "")
	got.wantMaintenance(t, httpmode.CauseWrite)
	if got.header.Get("Quiesce-Mode") != "read-only" || !strings.Contains(got.body, "Now") {
		t.Errorf("the answer is not that of the mode that refused: %v %s", got.header, got.body)
	}
}

func TestModeThatComesAndGoesDuringARequest(t *testing.T) {
	g := newGuard(t)
	s := handle(t, httpmode.Config{Guard: g}, func(w http.ResponseWriter, r *http.Request) {
		hold(t, g, readOnly)
		write(r.Context(), g)
		hold(t, g, observe)
		w.WriteHeader(500)
	})
	hold(t, g, observe)
	got := s.do(t, "POST", "/", "", "Accept: application/json")
	got.wantMaintenance(t, httpmode.CauseWrite)
	if got.header.Get("Quiesce-Mode") != "read-only" || !strings.Contains(got.body, `"mode":"read-only"`) {
		t.Errorf("the answer does not say why it is given: %v %s", got.header, got.body)
	}
}
