package httpmode_test

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/quiescehq/quiesce/httpmode"
)

// pageForm is what a browser makes of a page, as far as forms go.
type pageForm struct {
	elements map[string]int // how many there are of each
	heading  string

	forms      int
	attributes map[string]string // of the form
	controls   []control         // with a name, in order: what a browser posts
	shown      []control         // by label
	buttons    []string
}

type control struct{ name, value string }

// readPage parses a page as browsers do, and checks what holds of any.
func readPage(t testing.TB, page string) pageForm {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	p := pageForm{elements: map[string]int{}}
	labels := map[string]string{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		p.elements[n.Data]++
		attributes := map[string]string{}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(a.Key, "form") {
				t.Errorf("<%s> has an attribute %s=%q", n.Data, a.Key, a.Val)
			}
			attributes[a.Key] = a.Val
		}
		value := attributes["value"]
		switch n.Data {
		case "h1":
			p.heading = textOf(n)
		case "form":
			p.forms++
			p.attributes = attributes
		case "label":
			labels[attributes["for"]] = textOf(n)
		case "button":
			p.buttons = append(p.buttons, textOf(n))
		case "textarea":
			value = textOf(n)
			fallthrough
		case "input":
			name, named := attributes["name"]
			if named {
				p.controls = append(p.controls, control{name, value})
			}
			if attributes["type"] == "hidden" {
				break
			}
			if _, fixed := attributes["readonly"]; !fixed || attributes["dir"] != "auto" {
				t.Errorf("<%s> %q is not read-only, or has no direction of its own", n.Data, name)
			}
			p.shown = append(p.shown, control{labels[attributes["id"]], value})
		}
	}
	return p
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// crlf makes all line ends what browsers make of them as they send (HTML, 4.10.22.4).
func crlf(s string) string { return strings.ReplaceAll(lf(s), "\n", "\r\n") }

// lf makes all line ends what browsers make of them as they parse (HTML, 13.2.3.5).
func lf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// submit presses the button: it sends the form as browsers do, to the page's own URL.
func (p pageForm) submit(t testing.TB, s *site, path string) reply {
	t.Helper()
	if p.forms != 1 || p.attributes["method"] != "post" || len(p.buttons) != 1 {
		t.Fatalf("there is no form to send: %+v", p)
	}
	if action, there := p.attributes["action"]; there {
		t.Fatalf("the form goes to %q", action)
	}
	if p.attributes["enctype"] == "multipart/form-data" {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for _, c := range p.controls {
			if err := w.WriteField(crlf(c.name), crlf(c.value)); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		return s.do(t, "POST", path, body.String(), "Content-Type: "+w.FormDataContentType(), browser)
	}
	var pairs []string
	for _, c := range p.controls {
		pairs = append(pairs, url.QueryEscape(crlf(c.name))+"="+url.QueryEscape(crlf(c.value)))
	}
	return s.do(t, "POST", path, strings.Join(pairs, "&"), form, browser)
}

const browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func TestAFieldIsLongWhenALineOnAPhoneMayNotHoldIt(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  bool
	}{
		{"", false},
		{"ada@stillwater.example", false},
		{strings.Repeat("a", 24), false},
		{strings.Repeat("a", 25), true},
		{strings.Repeat("あ", 9), true}, // which is as wide as 18 letters
		{"a\nb", true},
		{"a\rb", true},
	} {
		if got := (httpmode.Field{Value: tt.value}).Long(); got != tt.want {
			t.Errorf("%q is long: %v, want %v", tt.value, got, tt.want)
		}
	}
}
