package httpmode_test

import (
	"html/template"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"github.com/quiescehq/quiesce/httpmode"
)

func TestNewNamesWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config httpmode.Config
		want   []string
	}{
		{"a method without a path", httpmode.Config{Reads: []string{"/ok", "GET"}}, []string{"Config.Reads[1]", `"GET"`}},
		{"an empty pattern", httpmode.Config{Writes: []string{""}}, []string{"Config.Writes[0]"}},
		{"a wildcard left open", httpmode.Config{Exempt: []string{"/a/{b"}}, []string{"Config.Exempt[0]", `"/a/{b"`}},
		{"a route both ways", httpmode.Config{Reads: []string{"/a"}, Writes: []string{"/a"}}, []string{"Config.Writes[0]", "Config.Reads[0]"}},
		{"routes that overlap", httpmode.Config{Reads: []string{"/ok", "/{x}/b"}, Exempt: []string{"/a/{y}"}}, []string{"Config.Exempt[0]", `"/a/{y}"`, "Config.Reads[1]", `"/{x}/b"`}},
		{"a log in path with a method", httpmode.Config{LoginPaths: []string{"POST /login"}}, []string{"Config.LoginPaths[0]", "without a method"}},
		{"a malformed log in path", httpmode.Config{LoginPaths: []string{"login"}}, []string{"Config.LoginPaths[0]"}},
		{"a cookie with a space", httpmode.Config{KeepCookies: []string{"a b"}}, []string{"Config.KeepCookies[0]", `"a b"`}},
		{"an empty cookie", httpmode.Config{KeepCookies: []string{""}}, []string{"Config.KeepCookies[0]"}},
		{"every header", httpmode.Config{Credentials: []string{"*"}}, []string{"Config.Credentials[0]"}},
		{"a star inside", httpmode.Config{Credentials: []string{"X-*-User"}}, []string{"Config.Credentials[0]"}},
		{"a status that is no error", httpmode.Config{MapFrom: 200}, []string{"Config.MapFrom", "200"}},
		{"a short key", httpmode.Config{BypassKey: make([]byte, 31)}, []string{"Config.BypassKey", "at least 32", "not 31"}},
		{"an empty key", httpmode.Config{BypassKey: []byte{}}, []string{"Config.BypassKey", "not 0"}},
		{"a style that is none", httpmode.Config{GetOnly: 3}, []string{"Config.GetOnly", "Rewrite, SeeOther or RewriteAll", "3"}},
		{"a parameter without a name", httpmode.Config{CredentialParams: []string{"a", ""}}, []string{"Config.CredentialParams[1]"}},
		{"a malformed GraphQL route", httpmode.Config{GraphQL: []string{"graphql"}}, []string{"Config.GraphQL[0]", `"graphql"`}},
		{"a GraphQL route that is another", httpmode.Config{Exempt: []string{"/a"}, GraphQL: []string{"/a"}}, []string{"Config.GraphQL[0]", "Config.Exempt[0]"}},
		{"a script for a link", httpmode.Config{StatusURL: "javascript:alert(1)"}, []string{"Config.StatusURL"}},
		{"another host without a scheme", httpmode.Config{StatusURL: "//evil.example/"}, []string{"Config.StatusURL"}},
		{"a relative problem type", httpmode.Config{ProblemType: "problems/read-only"}, []string{"Config.ProblemType"}},
		{"a language with holes", httpmode.Config{Texts: map[language.Tag]httpmode.Texts{language.Swahili: {}}}, []string{"Config.Texts[sw].Sent.Heading"}},
		{"a year without months", httpmode.Config{Texts: map[language.Tag]httpmode.Texts{language.English: {Months: "a b c"}}}, []string{"Config.Texts[en].Months", "12"}},
		{"a secret without letters", httpmode.Config{SecretFields: []string{"ok", "_[]"}}, []string{"Config.SecretFields[1]", `"_[]"`}},
		{"a template that fails for a form", httpmode.Config{Template: template.Must(template.New("").Parse(`{{range .Form.Fields}}{{.None}}{{end}}`))}, []string{"Config.Template"}},
		{"a direction that is none", httpmode.Config{Texts: map[language.Tag]httpmode.Texts{language.English: {Dir: "up"}}}, []string{"Config.Texts[en].Dir"}},
		{"a template that asks for what there is not", httpmode.Config{Template: template.Must(template.New("").Parse("{{.Reason}}"))}, []string{"Config.Template", "Reason"}},
		{"a template that fails for one cause", httpmode.Config{Template: template.Must(template.New("").Parse(`{{if eq .Cause "sign-in"}}{{.None}}{{end}}`))}, []string{"Config.Template"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Guard = newGuard(t)
			m, err := httpmode.New(tt.config)
			if err == nil || m != nil {
				t.Fatalf("New returned %v, %v; want an error", m, err)
			}
			for _, part := range append(tt.want, "httpmode: ") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), ".go:") {
				t.Errorf("error %q is not one sentence for a user", err)
			}
		})
	}
}

func TestHandlerWithoutNextPanicsAtOnce(t *testing.T) {
	m := newMiddleware(t, httpmode.Config{Guard: newGuard(t)})
	for name, next := range map[string]http.Handler{"nil": nil, "nil function": http.HandlerFunc(nil)} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if err, _ := recover().(error); err == nil || err.Error() != "httpmode: Handler: next must not be nil" {
					t.Errorf("panicked with %v", err)
				}
			}()
			m.Handler(next)
		})
	}
}

func TestMalformedEnvironmentFailsNew(t *testing.T) {
	if os.Getenv("HTTPMODE_TEST_CHILD") == "1" {
		_, err := httpmode.New(httpmode.Config{})
		if err == nil || !strings.Contains(err.Error(), "READ_ONLY_MODE") {
			t.Errorf("New returned %v", err)
		}
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestMalformedEnvironmentFailsNew$", "-test.v")
	child.Env = append(os.Environ(), "HTTPMODE_TEST_CHILD=1", "READ_ONLY_MODE=perhaps")
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS: TestMalformedEnvironmentFailsNew") {
		t.Errorf("%v\n%s", err, out)
	}
}
