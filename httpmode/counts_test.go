package httpmode_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

func TestAnswersAreCountedByWhatBecameOfTheRequest(t *testing.T) {
	key := []byte("a key of thirty-two bytes or more")
	readOnly := sqlguard.Change{Mode: sqlguard.ReadOnly}
	getOnly := sqlguard.Change{Mode: sqlguard.ReadOnly, GetOnly: true}
	for name, test := range map[string]struct {
		change       sqlguard.Change
		method, path string
		style        httpmode.GetOnlyStyle
		want         httpmode.Counts
	}{
		"off":                        {sqlguard.Change{}, "POST", "/", 0, httpmode.Counts{}},
		"observed":                   {sqlguard.Change{Mode: sqlguard.Observe}, "POST", "/", 0, httpmode.Counts{Passed: 1}},
		"a read":                     {readOnly, "GET", "/", 0, httpmode.Counts{Passed: 1}},
		"a read that says nothing":   {readOnly, "GET", "/silent", 0, httpmode.Counts{Passed: 1}},
		"a write":                    {readOnly, "POST", "/", 0, httpmode.Counts{Refused: 1}},
		"a read that tries to write": {readOnly, "GET", "/writes", 0, httpmode.Counts{Refused: 1}},
		"a write with a token":       {readOnly, "POST", "/token", 0, httpmode.Counts{Bypassed: 1}},
		"an exempt route":            {readOnly, "POST", "/exempt", 0, httpmode.Counts{}},
		"a form that becomes a GET":  {getOnly, "POST", "/", 0, httpmode.Counts{Converted: 1}},
		"a form that is sent away":   {getOnly, "POST", "/", httpmode.SeeOther, httpmode.Counts{Converted: 1}},
		"a form without a GET":       {getOnly, "POST", "/missing", 0, httpmode.Counts{Refused: 1}},
		"a log in": {sqlguard.Change{Mode: sqlguard.ReadOnly, Anonymous: true}, "POST", "/login", 0,
			httpmode.Counts{SignIn: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			guard := newGuard(t)
			if err := guard.Hold("test", test.change); err != nil {
				t.Fatal(err)
			}
			m := newMiddleware(t, httpmode.Config{
				Guard: guard, GetOnly: test.style, Exempt: []string{"/exempt"}, LoginPaths: []string{"/login"}, BypassKey: key,
			})
			s := serve(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/silent":
				case "/missing":
					http.NotFound(w, r)
				case "/writes":
					if err := write(r.Context(), guard); err != nil {
						http.Error(w, "no", http.StatusInternalServerError)
					}
				default:
					w.Write([]byte("hello"))
				}
			})))
			headers := []string{"Content-Type: application/x-www-form-urlencoded", "Accept: text/html",
				"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}
			if test.path == "/token" {
				token, err := httpmode.SignBypass(key, "smoke test", time.Now().Add(time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				headers = append(headers, httpmode.HeaderBypass+": "+token)
			}
			s.do(t, test.method, test.path, "a=b", headers...)
			if got := m.Counts(); got != test.want {
				t.Errorf("counted %+v, not %+v", got, test.want)
			}
		})
	}
}
