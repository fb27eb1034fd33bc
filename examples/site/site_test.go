package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheProgrammeShowsEveryTalk(t *testing.T) {
	v := newVisitor(t, start(t, newDatabase(t)).url)
	page := v.get("/")
	v.wantStatus(http.StatusOK, page)
	for _, talk := range seedTalks {
		v.wantText(talk.Title, page)
		v.wantText(talk.Speaker, page)
	}
	v.wantText("<h2>Thursday</h2>", page)
	v.wantText("<h2>Friday</h2>", page)
	v.wantNoText("<h2>Proposed</h2>", page)
}

func TestCommentingStarringAndProposing(t *testing.T) {
	v := loggedIn(t, start(t, newDatabase(t)).url)
	a := v.post("/talks/4", "comment", "  What about <script> tags?  ")
	v.wantStatus(http.StatusSeeOther, a)
	if to := a.Header.Get("Location"); to != "/talks/4#comments" {
		t.Errorf("sent to %s", to)
	}
	page := v.get("/talks/4")
	v.wantText("1 comment<", page)
	v.wantText(`<p class="text">What about &lt;script&gt; tags?</p>`, page)

	v.wantText("0 stars", page)
	for range 2 { // twice is once
		v.wantStatus(http.StatusSeeOther, v.post("/talks/4/star", "star", "on"))
	}
	page = v.get("/talks/4")
	v.wantText("1 star<", page)
	v.wantText("Take my star back", page)
	for range 2 {
		v.wantStatus(http.StatusSeeOther, v.post("/talks/4/star", "star", "off"))
	}
	v.wantText("0 stars", v.get("/talks/4"))

	a = v.post("/propose", "title", "Backups, read aloud", "abstract", "All of them.")
	v.wantStatus(http.StatusSeeOther, a)
	v.wantText("Backups, read aloud", v.get(a.Header.Get("Location")))
	v.wantText("<h2>Proposed</h2>", v.get("/"))
}

func TestFormsThatAreNotAcceptedKeepWhatWasTyped(t *testing.T) {
	site := start(t, newDatabase(t))
	v := loggedIn(t, site.url)
	before := dump(t, site.db)
	for name, test := range map[string]struct {
		path   string
		fields []string
		status int
		want   string
	}{
		"an empty comment":            {"/talks/1", []string{"comment", "  "}, 422, "Write something first."},
		"a comment too long":          {"/talks/1", []string{"comment", strings.Repeat("ü", 2001)}, 422, strings.Repeat("ü", 2001)},
		"a comment that is not text":  {"/talks/1", []string{"comment", "\xff"}, 422, "A comment has at most"},
		"a comment with a NUL in it":  {"/talks/1", []string{"comment", "a\x00b"}, 422, "A comment has at most"},
		"a proposal with a NUL in it": {"/propose", []string{"title", "a\x00b", "abstract", "A"}, 422, "That is not text"},
		"a proposal without abstract": {"/propose", []string{"title", "Kept title"}, 422, `value="Kept title"`},
		"a title too long":            {"/propose", []string{"title", strings.Repeat("t", 121), "abstract", "A"}, 422, "at most 120"},
		"an abstract too long":        {"/propose", []string{"title", "T", "abstract", strings.Repeat("a", 4001)}, 422, "at most 4,000"},
		"a star that is neither":      {"/talks/1/star", []string{"star", "maybe"}, 400, "Go back"},
		"a form too large":            {"/talks/1", []string{"comment", strings.Repeat("c", maxForm)}, 413, "Go back"},
		"a talk that does not exist":  {"/talks/99", []string{"comment", "Hello"}, 404, "no such page"},
		"a talk that cannot exist":    {"/talks/one", []string{"comment", "Hello"}, 404, "no such page"},
		"a wrong password":            {"/login", []string{"login", "grace", "password", "wrong"}, 422, `value="grace"`},
		"an unknown user":             {"/login", []string{"login", "nobody", "password", ""}, 422, "No user has that name"},
		"a user with accents":         {"/login", []string{"login", "ádá", "password", demoPassword}, 422, "No user has that name"},
		"a user with a NUL":           {"/login", []string{"login", "ada\x00", "password", demoPassword}, 422, "No user has that name"},
		"a user that is not text":     {"/login", []string{"login", "ada\xff", "password", demoPassword}, 422, "No user has that name"},
	} {
		t.Run(name, func(t *testing.T) {
			a := v.post(test.path, test.fields...)
			v.wantStatus(test.status, a)
			v.wantText(test.want, a)
		})
	}
	if dump(t, site.db) != before {
		t.Error("the database has changed")
	}
}

func TestVisitorsAreAskedToLogInAndComeBack(t *testing.T) {
	v := newVisitor(t, start(t, newDatabase(t)).url)
	for _, a := range []answer{
		v.get("/propose"), v.post("/propose", "title", "T", "abstract", "A"),
		v.post("/talks/2", "comment", "Hello"), v.post("/talks/2/star", "star", "on"),
	} {
		v.wantStatus(http.StatusSeeOther, a)
		if to := a.Header.Get("Location"); !strings.HasPrefix(to, "/login?next=%2F") {
			t.Errorf("%s: sent to %s", a.Request.URL.Path, to)
		}
	}
	v.wantText(`name="next" value="/talks/2"`, v.get("/login?next=/talks/2"))
	a := v.post("/login", "login", " Grace ", "password", demoPassword, "next", "/talks/2")
	v.wantStatus(http.StatusSeeOther, a)
	if to := a.Header.Get("Location"); to != "/talks/2" {
		t.Errorf("sent to %s", to)
	}
	v.wantText("Grace", v.get("/"))
	v.wantStatus(http.StatusSeeOther, v.post("/logout"))
	v.wantText("Log in", v.get("/"))
}

func TestTheSessionCookieIsSignedAndKeptFromScripts(t *testing.T) {
	site := start(t, newDatabase(t))
	a := newVisitor(t, site.url).post("/login", "login", "ada", "password", demoPassword)
	if len(a.Cookies()) != 1 {
		t.Fatalf("%d cookies", len(a.Cookies()))
	}
	c := a.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
		t.Error("the cookie is not what it should be")
	}
	for name, value := range map[string]string{
		"another user's": strings.Replace(c.Value, "1.", "2.", 1),
		"a longer one":   strings.Replace(c.Value, ".1", ".9", 1),
		"an unsigned":    "1.99999999999.",
	} {
		r, err := http.NewRequest(http.MethodGet, site.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: value})
		v := newVisitor(t, site.url)
		if v.wantNoText("Log out", v.send(r)); value == c.Value {
			t.Errorf("%s: the cookie is not a forged one", name)
		}
	}
}

func TestEveryPageIsKeptToItself(t *testing.T) {
	v := newVisitor(t, start(t, newDatabase(t)).url)
	for _, path := range []string{"/", "/talks/1", "/login", "/control", "/nothing"} {
		a := v.get(path)
		policy := a.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self';", "frame-ancestors 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: no %s in %q", path, want, policy)
			}
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: no nosniff", path)
		}
		// One script, from the site itself: the banner's. An operator's page has none.
		if strings.HasPrefix(path, "/control") {
			v.wantNoText("<script", a)
		} else if strings.Count(a.body, "<script") != 1 || !strings.Contains(a.body, `<script src="/banner.js" `) {
			t.Errorf("%s: there must be the one script /banner.js in\n%s", path, a.body)
		}
		v.wantNoText("//", answer{a.Response, strings.ReplaceAll(a.body, "http://www.w3.org/2000/svg", "")})
	}
}

func FuzzLocalPathLeadsNowhereElse(f *testing.F) {
	for _, next := range []string{
		"", "/", "/talks/1?x=y#z", "talks", "?x", "//elsewhere.example", "////elsewhere.example",
		"/\\elsewhere.example", "\\\\elsewhere.example", "http://elsewhere.example//x", "/%2f/elsewhere.example",
		"/%5celsewhere.example", "/\t/elsewhere.example", "javascript:alert(1)", "javascript:///x", "/\x00", "/%zz",
	} {
		f.Add(next)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := localPath(next)
		path, _, _ := strings.Cut(got, "?")
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(got, "\r\n\t") || strings.Contains(path, "\\") {
			t.Errorf("%q leads to %q", next, got)
		}
	})
}

func TestLogInLeadsBackToThePageThatAskedForIt(t *testing.T) {
	for next, want := range map[string]string{
		"/talks/2": "/talks/2", "/talks/2?a=b": "/talks/2?a=b", "": "/", "talks": "/",
		"http://elsewhere.example/talks/2": "/talks/2", "//elsewhere.example": "/", "////elsewhere.example": "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
