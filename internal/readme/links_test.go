package readme_test

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	heading = regexp.MustCompile(`(?m)^#{1,6} (.*)$`)
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	spans   = regexp.MustCompile("`[^`\n]*`")
)

// prose returns a page without its code, which has brackets of its own.
func prose(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	return fenced.ReplaceAllString(string(text), "")
}

// anchors returns what a page's headings are called in links, as GitHub makes it of them: letters
// and digits in lower case, hyphens for spaces, and nothing else; the second of the same name ends in -1.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 127 && r != '…' && r != '’':
				return r
			}
			return -1
		}, strings.ToLower(strings.TrimSpace(m[1])))
		for n := 1; all[name]; n++ {
			name = strings.TrimSuffix(name, "-1") + "-1"
		}
		all[name] = true
	}
	return all
}

// deadLinks returns the links of a page that lead nowhere in the project. Those to other sites are not looked at.
func deadLinks(t *testing.T, page, text string) []string {
	t.Helper()
	var dead []string
	for _, m := range link.FindAllStringSubmatch(spans.ReplaceAllString(text, ""), -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		target, anchor, _ := strings.Cut(m[1], "#")
		there := page
		if target != "" {
			there = path.Join(path.Dir(page), target)
		}
		if _, err := os.Stat("../../" + there); err != nil {
			dead = append(dead, m[1])
		} else if anchor != "" && !anchors(prose(t, there))[anchor] {
			dead = append(dead, m[1])
		}
	}
	return dead
}

func TestEachLinkLeadsSomewhere(t *testing.T) {
	for _, page := range append(pages(t), "CHANGELOG.md", "examples/site/README.md") {
		for _, dead := range deadLinks(t, page, prose(t, page)) {
			t.Errorf("%s: nothing is at %s", page, dead)
		}
	}
}

// TestADeadLinkIsFound: the test above would be content with a page in which it finds no links.
func TestADeadLinkIsFound(t *testing.T) {
	text := "[a](nowhere.md), [b](README.md), [c](README.md#nowhere), [d](#nowhere), [e](https://example.com/), `[f](code.md)`"
	if got, want := strings.Join(deadLinks(t, "docs/README.md", text), " "), "nowhere.md README.md#nowhere #nowhere"; got != want {
		t.Errorf("of %s\nthese lead nowhere: %s, want %s", text, got, want)
	}
}

func TestTheIndexHasEachPage(t *testing.T) {
	index, linked := "docs/README.md", map[string]bool{}
	for _, m := range link.FindAllStringSubmatch(prose(t, index), -1) {
		target, _, _ := strings.Cut(m[1], "#")
		linked[path.Join("docs", target)] = true
	}
	for _, page := range pages(t) {
		if page != index && !linked[page] {
			t.Errorf("the index does not name %s", page)
		}
	}
}
