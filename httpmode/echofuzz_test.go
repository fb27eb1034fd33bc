package httpmode_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/quiescehq/quiesce/httpmode"
)

// FuzzForm gives any body back: whatever it is, the page has just the elements that a page
// with so many fields has, and what its button sends is what net/http makes of the body.
func FuzzForm(f *testing.F) {
	f.Add(false, "text=hello+world&csrf=1&b=&b=2")
	f.Add(false, `%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E=%3C/textarea%3E%0D%0A`+strings.Repeat("x", 70)+`%00&password=tiger`)
	f.Add(false, "_charset_=utf-8&\xff=%FF;&=x&&a=%zz&a%0Db=%0A%0D")
	f.Add(true, parts([2]string{`name="text"`, "hello\r\n"}, [2]string{`name="a\"b"; filename=""`, ""}))
	f.Add(true, parts([2]string{`name="file"; filename="x"`, "x"}, [2]string{`name="q"` + "\r\nContent-Transfer-Encoding: quoted-printable", "=3Cb=3E"})[:120])
	g := newGuard(f)
	hold(f, g, readOnly)
	m := newMiddleware(f, httpmode.Config{Guard: g})
	plain := readPage(f, refuse(f, m, "POST", browser).Body.String())
	f.Fuzz(func(t *testing.T, multi bool, body string) {
		contentType := form
		if multi {
			contentType = multipartForm
		}
		page := readPage(t, refuseForm(t, m, contentType, body).Body.String())
		for _, element := range []string{"form", "section", "h2", "label", "input", "textarea", "button", "p"} {
			delete(page.elements, element)
		}
		for element, n := range page.elements {
			if n != plain.elements[element] {
				t.Errorf("there are %d <%s>, want %d", n, element, plain.elements[element])
			}
		}
		if page.heading != plain.heading || page.forms > 1 || len(page.buttons) != page.forms {
			t.Errorf("the page is another one: %+v", page)
		}
		for _, attribute := range []string{"action", "target"} {
			if to, there := page.attributes[attribute]; there {
				t.Errorf("the form has %s=%q", attribute, to)
			}
		}
		wantValues(t, page, multi, contentType, body)
	})
}

// wantValues holds what a page gives back of a form to what net/http makes of it.
func wantValues(t *testing.T, page pageForm, multi bool, contentType, body string) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", strings.TrimPrefix(contentType, "Content-Type: "))
	var err error
	if multi {
		err = r.ParseMultipartForm(1 << 20)
	} else {
		err = r.ParseForm()
	}
	want, all := map[string][]string{}, []string{}
	for name, values := range r.PostForm {
		for _, value := range values {
			want[lf(name)] = append(want[lf(name)], lf(value))
			all = append(all, lf(value))
		}
	}
	for _, c := range page.shown {
		if err == nil && !slices.Contains(all, c.value) {
			t.Errorf("the page shows %q, which nobody sent", c.value)
		}
	}
	if page.forms == 0 {
		if len(page.controls) > 0 {
			t.Errorf("controls without a form: %q", page.controls)
		}
		return
	}
	got := map[string][]string{}
	for _, c := range page.controls {
		got[c.name] = append(got[c.name], c.value)
		if c.name == "password" && c.value != "" {
			t.Errorf("a password is in the page: %q", c.value)
		}
	}
	// Line ends of different kinds may make one name of two: in which order their values are is open.
	for _, values := range []map[string][]string{got, want} {
		for name := range values {
			slices.Sort(values[name])
		}
	}
	if err != nil || r.MultipartForm != nil && len(r.MultipartForm.File) > 0 || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("the button sends %q, want %q (%v)", got, want, err)
	}
}
