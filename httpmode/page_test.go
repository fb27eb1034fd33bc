package httpmode_test

import (
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/quiescehq/quiesce/httpmode"
	"github.com/quiescehq/quiesce/sqlguard"
)

// refuseForm returns the page for a form that is refused.
func refuseForm(t testing.TB, m *httpmode.Middleware, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("POST", "/comments", strings.NewReader(body))
	for _, h := range append(headers, contentType, browser) {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	m.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Fatalf("status %d, want 503", w.Code)
	}
	return w
}

func TestPageWithAFormIsTheGoldenOne(t *testing.T) {
	g := newGuard(t)
	hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Until: noon.Add(20 * time.Minute)})
	m := newMiddleware(t, httpmode.Config{Guard: g, SiteName: "Gopher & Friends"})
	m.SetClock(noon, 0)
	for name, body := range map[string]string{
		"send-again.html": "csrf_token=t&title=A+%3Cb%3Etitle%3C%2Fb%3E&comment%5Btext%5D=Dear+all%2C%0D%0A%0D%0Athank+you.&tags=",
		"go-back.html":    "email=ada%40example.com&password=tiger&csrf_token=t",
	} {
		since := g.State().Since.UTC()
		got := strings.NewReplacer(
			since.Format(time.RFC3339), "SINCE", since.Format("2 January 2006, 15:04 UTC"), "SINCE",
		).Replace(refuseForm(t, m, form, body).Body.String())
		golden(t, name, got)
	}
}

var tongues = []string{"en", "ar", "zh-Hans", "fr", "de", "ja", "pt", "es"}

// accepted is what visitors' browsers ask for each of them by.
var accepted = map[string]string{
	"en": "en-GB,en;q=0.9", "ar": "ar-EG,ar;q=0.9", "zh-Hans": "zh-CN,zh;q=0.9,en;q=0.8", "fr": "fr-CH, fr;q=0.9, en;q=0.8",
	"de": "de-AT,de;q=0.9,en;q=0.8", "ja": "ja,en-US;q=0.7", "pt": "pt-BR,pt;q=0.9", "es": "es-MX,es;q=0.9",
}

func TestEveryLanguageIsAWholePage(t *testing.T) {
	g := newGuard(t)
	hold(t, g, sqlguard.Change{
		Mode: sqlguard.ReadOnly, Anonymous: true, Until: noon.Add(20 * time.Minute),
		Message: strings.Repeat("A message as long as can be. ", 70), // a guard takes 2 KiB
	})
	m := newMiddleware(t, httpmode.Config{
		Guard: g, SiteName: "A site with a name", StatusURL: "https://status.example.com/",
		Writes: []string{"GET /comments"}, LoginPaths: []string{"/login"},
	})
	m.SetClock(noon, 0)
	headings := map[string]string{}
	for _, tongue := range tongues {
		t.Run(tongue, func(t *testing.T) {
			language := "Accept-Language: " + accepted[tongue]
			answers := map[string]*httptest.ResponseRecorder{
				"sent":             refuse(t, m, "POST", "Accept: text/html", language),
				"asked for":        refuse(t, m, "GET", "Accept: text/html", language),
				"with a form":      refuseForm(t, m, form, "text=hello", language),
				"with a password":  refuseForm(t, m, form, "password=hello", language),
				"without a field":  refuseForm(t, m, form, "csrf=1", language),
				"with a text only": refuseForm(t, m, form, "text=hello&password=x", language),
			}
			for name, w := range answers {
				body := w.Body.String()
				dir := "ltr"
				if tongue == "ar" {
					dir = "rtl"
				}
				if got := w.Header().Get("Content-Language"); got != tongue || !strings.Contains(body, fmt.Sprintf(`<html lang="%s" dir="%s">`, tongue, dir)) {
					t.Errorf("%s: in %s: %.80s", name, got, body)
				}
				if len(body) > 6<<10 {
					t.Errorf("%s: %d bytes, want at most 6 KiB", name, len(body))
				}
				page := readPage(t, body)
				for element, want := range map[string]int{"h1": 1, "main": 1, "title": 1, "header": 1, "footer": 1, "time": 2, "script": 0, "link": 0, "img": 0, "meta": 3} {
					if n := page.elements[element]; n != want {
						t.Errorf("%s: %d <%s>, want %d", name, n, element, want)
					}
				}
				if strings.Count(body, `role="status"`) != 1 {
					t.Errorf("%s: no status in %s", name, body)
				}
				if other, there := headings[page.heading]; there && other != tongue {
					t.Errorf("%s: says the same as in %s", name, other)
				}
				headings[page.heading] = tongue
				if strings.Contains(body, "{minutes}") || !strings.Contains(body, "20") {
					t.Errorf("%s: does not say how long: %s", name, body)
				}
			}
			// Texts in one's own script, but for names and the operators' message.
			for text := range strings.SplitSeq(regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`).ReplaceAllString(answers["with a form"].Body.String(), "\n"), "\n") {
				known := strings.NewReplacer("A site with a name", "", "read_only_mode", "", "UTC", "", "hello", "", "Text", "")
				if text = known.Replace(text); strings.HasPrefix(text, "A message as") {
					continue
				}
				if script := map[string]*unicode.RangeTable{"ar": unicode.Arabic, "ja": unicode.Han, "zh-Hans": unicode.Han}[tongue]; script != nil {
					if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Latin, r) }) {
						t.Errorf("%q is not in the language", text)
					}
				}
			}
		})
	}
}

func TestTimesAreWrittenAsPeopleDo(t *testing.T) {
	g := newGuard(t)
	hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Until: noon.Add(20 * time.Minute)})
	m := newMiddleware(t, httpmode.Config{Guard: g})
	m.SetClock(noon, 0)
	for tongue, want := range map[string]string{
		"en": "1 March 2026, 12:20 UTC</time></strong> (in about 20 min)", "de": "1. März 2026, 12:20 Uhr UTC</time></strong> (in etwa 20 Min.)",
		"fr": "01/03/2026 à 12:20 UTC</time></strong> (dans environ 20\u00a0min)", "es": "1 de marzo de 2026, 12:20 UTC</time></strong> (en 20 min aprox.)",
		"pt": "1 de março de 2026, 12:20 UTC</time></strong> (em cerca de 20 min)", "ja": "2026年3月1日 12:20（UTC）</time></strong> (約20分後)",
		"zh-Hans": "2026年3月1日 12:20（UTC）</time></strong> (约 20 分钟后)", "ar": "1 مارس 2026، 12:20 UTC</time></strong> (الدقائق المتبقية: 20 تقريبًا)",
	} {
		body := refuse(t, m, "POST", "Accept: text/html", "Accept-Language: "+accepted[tongue]).Body.String()
		if !strings.Contains(body, `<time datetime="2026-03-01T12:20:00Z">`+want) {
			t.Errorf("%s: no %q in %s", tongue, want, body)
		}
	}
}

// Not every language says it of one as it does of twenty.
func TestTheLastMinuteIsOne(t *testing.T) {
	g := newGuard(t)
	hold(t, g, sqlguard.Change{Mode: sqlguard.ReadOnly, Until: noon.Add(20 * time.Second)})
	m := newMiddleware(t, httpmode.Config{Guard: g})
	m.SetClock(noon, 0)
	for tongue, want := range map[string]string{
		"en": "(in about 1 min)", "de": "(in etwa 1 Min.)", "fr": "(dans environ 1\u00a0min)", "es": "(en 1 min aprox.)",
		"pt": "(em cerca de 1 min)", "ja": "(約1分後)", "zh-Hans": "(约 1 分钟后)", "ar": "(الدقائق المتبقية: 1 تقريبًا)",
	} {
		body := refuse(t, m, "POST", "Accept: text/html", "Accept-Language: "+accepted[tongue]).Body.String()
		if !strings.Contains(body, want) {
			t.Errorf("%s: no %q in %s", tongue, want, body)
		}
	}
}

func TestTheFragmentSpeaksTheVisitorsLanguage(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	m := newMiddleware(t, httpmode.Config{Guard: g})
	w := refuse(t, m, "POST", "HX-Request: true", "Accept-Language: ar")
	if body := w.Body.String(); !strings.Contains(body, `lang="ar" dir="rtl"`) || !strings.Contains(body, "يتعذّر الحفظ الآن") {
		t.Errorf("got %s", body)
	}
	if trigger := w.Header().Get("HX-Trigger"); !strings.Contains(trigger, `"title":"\u064a\u062a`) {
		t.Errorf("the event says %s", trigger)
	}
}

func TestATemplateOfTheSiteGetsTheForm(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	own := template.Must(template.New("").Parse(`{{.Form.SendAgain}} {{.Form.Visible}} {{.Form.Multipart}}` +
		`{{range .Form.Fields}} {{.Label}}={{.Value}}:{{.Visible}}{{end}}`))
	m := newMiddleware(t, httpmode.Config{Guard: g, Template: own})
	for body, want := range map[string]string{
		"csrf=t&text=%3Cb%3E": "true true false Csrf=t:false Text=&lt;b&gt;:true",
		"password=tiger&a=":   "false false false A=:false",
	} {
		if got := refuseForm(t, m, form, body).Body.String(); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

// The template is the one that the documentation of Page.Form has.
func TestTheDocumentedTemplateSendsTheSameForm(t *testing.T) {
	source, err := os.ReadFile("page.go")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, line := range regexp.MustCompile(`(?m)^\t//\t(.*)$`).FindAllSubmatch(source, -1) {
		text.Write(append(line[1], '\n'))
	}
	g := newGuard(t)
	var got url.Values
	s := serve(t, newMiddleware(t, httpmode.Config{
		Guard: g, Template: template.Must(template.New("").Parse(text.String())),
	}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil && err != http.ErrNotMultipart {
			t.Error(err)
		}
		got = r.PostForm
		io.WriteString(w, strings.Split(r.Header.Get("Content-Type"), ";")[0])
	})))
	want := url.Values{"text": {"one\r\n\r\n<b>two"}, "csrf": {"t"}}
	for contentType, body := range map[string]string{
		form: want.Encode(), multipartForm: parts([2]string{`name="csrf"`, "t"}, [2]string{`name="text"`, want["text"][0]}),
	} {
		hold(t, g, readOnly)
		refused := s.do(t, "POST", "/comments", body, contentType, browser)
		hold(t, g, sqlguard.Change{})
		readPage(t, refused.body).submit(t, s, "/comments").wantAnswer(t, 200, strings.TrimPrefix(strings.Split(contentType, ";")[0], "Content-Type: "))
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: the handler got %q, want %q", contentType, got, want)
		}
	}
}

// contrast returns the ratio of two colours (WCAG 2.2, definition of contrast ratio).
func contrast(t *testing.T, a, b string) float64 {
	luminance := func(colour string) float64 {
		var sum float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			c := float64(n) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestColoursHaveContrastInLightAndDark(t *testing.T) {
	g := newGuard(t)
	hold(t, g, readOnly)
	page := refuse(t, newMiddleware(t, httpmode.Config{Guard: g}), "POST", "Accept: text/html").Body.String()
	schemes := regexp.MustCompile(`:root\{([^}]*)\}`).FindAllStringSubmatch(page, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d schemes, want light and dark", len(schemes))
	}
	for i, scheme := range schemes {
		colours := map[string]string{}
		for _, c := range regexp.MustCompile(`--(\w+):(#[0-9a-f]{6})`).FindAllStringSubmatch(scheme[1], -1) {
			colours[c[1]] = c[2]
		}
		for _, pair := range []struct {
			front, back string
			atLeast     float64 // 1.4.3 for text; 1.4.11 for edges and focus
		}{
			{"ink", "card", 7}, {"ink", "page", 7}, {"ink", "tint", 7},
			{"soft", "card", 4.5}, {"soft", "page", 4.5},
			{"accent", "card", 4.5}, {"card", "accent", 4.5},
			{"accent", "page", 3}, {"accent", "tint", 3},
		} {
			if got := contrast(t, colours[pair.front], colours[pair.back]); got < pair.atLeast {
				t.Errorf("scheme %d: %s on %s has %.2f:1, want %.1f:1", i, pair.front, pair.back, got, pair.atLeast)
			} else {
				t.Logf("scheme %d: %s on %s has %.2f:1", i, pair.front, pair.back, got)
			}
		}
	}
	if got := contrast(t, "#ffffff", "#777777"); math.Abs(got-4.48) > 0.005 {
		t.Errorf("white on #777777 has %.2f:1, want the well-known 4.48:1", got)
	}
}
