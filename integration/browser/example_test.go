package browser

import (
	"bufio"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// startExample starts the example site as a person would, and returns its address.
func startExample(t *testing.T, token string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "site")
	build := exec.Command("go", "build", "-o", program, "./examples/site")
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the example site: %v\n%s", err, output)
	}
	site := exec.Command(program, "-addr", "127.0.0.1:0", "-token", token, "-db", filepath.Join(t.TempDir(), "site.db"))
	output, err := site.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := site.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	t.Cleanup(func() {
		site.Process.Signal(syscall.SIGTERM)
		for lines.Scan() { // Wait closes the pipe, which must have been read by then
		}
		if err := site.Wait(); err != nil {
			t.Errorf("the example site ended: %v", err)
		}
	})
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "The site"); ok {
			return strings.TrimSpace(address)
		}
	}
	t.Fatal("the example site does not say where it is")
	return ""
}

// The picture that it takes is the one in the README of the example site.
func TestTheExampleSiteGivesTheCommentBack(t *testing.T) {
	const token, comment = "let-me-flip", "Thank you! The bit about draining before the dump saved our night."
	b := newTab(t)
	address := startExample(t, token)
	b.look("light", 800)
	b.open(address + "login?next=/talks/4")
	b.write("#login", "ada")
	b.write("#password", "stillwater")
	b.press("main button.primary")
	b.write("#comment", comment)

	control := func(form url.Values) {
		t.Helper()
		r, err := http.NewRequest("POST", address+"control", strings.NewReader(form.Encode()))
		b.must(err)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		answer, err := client.Do(r)
		b.must(err)
		answer.Body.Close()
		if answer.StatusCode != http.StatusSeeOther {
			t.Fatalf("the control panel answers %s to %v", answer.Status, form)
		}
	}
	control(url.Values{"preset": {"read-only"}, "message": {"We are moving to a new database. Thank you for your patience."},
		"minutes": {"45"}})
	if got := b.press("#comments button.primary"); got.Status != http.StatusServiceUnavailable {
		t.Errorf("the comment is answered %d, want 503", got.Status)
	}
	b.sees("h1", readOnly)
	b.picture("example-site.png")
	control(url.Values{"preset": {"off"}})
	b.press(resend)
	if got := b.text("#comments .text"); !slices.Contains(got, comment) {
		t.Errorf("the comments are %q", got)
	}
}
