package browser

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/dom"
	navigation "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/quiescehq/quiesce/sqlguard"
)

// announced returns what assistive technology finds in the banner: its role, how it speaks up, and its texts.
func (b *tab) announced() (role, live string, texts []string) {
	b.Helper()
	root := call(b, dom.GetDocument, dom.GetDocumentParams{}).Root
	banner := call(b, dom.QuerySelector, dom.QuerySelectorParams{NodeID: root.NodeID, Selector: "#quiesce-banner"})
	found := call(b, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{NodeID: banner.NodeID})
	for i, n := range found.Nodes {
		switch {
		case i == 0:
			role = string(n.Role.Value)
			for _, p := range n.Properties {
				if p.Name == "live" {
					live = string(p.Value.Value)
				}
			}
		case n.Role != nil && string(n.Role.Value) == `"StaticText"`:
			texts = append(texts, string(n.Name.Value))
		}
	}
	return role, live, texts
}

func TestTheBannerComesAndGoesOnAnOpenPage(t *testing.T) {
	s := newSite(t)
	b := newTab(t)
	b.open(s.URL)
	// A reload would lose the mark, and a live region that is not there before its text is not read out.
	b.await(`document.querySelector("#quiesce-banner")`)
	run[bool](b, `window.region = document.querySelector("#quiesce-banner"), true`)
	const same = `window.region === document.querySelector("#quiesce-banner")`
	b.sees("#quiesce-banner", "")
	for _, tt := range []struct {
		name   string
		change sqlguard.Change
		want   string
	}{
		{"what is announced", sqlguard.Change{Announced: time.Now().Add(time.Hour), Message: "We move tonight."}, "We move tonight."},
		{"a closed site", sqlguard.Change{Mode: sqlguard.ReadOnly, Message: "<i>Moving</i>."}, "This site is read-only for now. <i>Moving</i>."},
		{"guests", sqlguard.Change{Anonymous: true}, "Signing in is paused."},
	} {
		s.flip(t, tt.change)
		b.await(`document.querySelector("#quiesce-banner").innerText.includes(` + quote(tt.want) + `)`)
		role, live, texts := b.announced()
		if role != `"status"` || live != `"polite"` || len(texts) == 0 || slices.Contains(texts, `""`) {
			t.Errorf("%s: assistive technology finds %s, live %s, %q", tt.name, role, live, texts)
		}
		s.flip(t, sqlguard.Change{})
		b.await(`document.querySelector("#quiesce-banner").childElementCount == 0`)
		if !run[bool](b, same) {
			t.Errorf("%s: the page was loaded again, or has another banner", tt.name)
		}
	}
}

// A page that the browser has kept, and shows again when its visitor goes back, has missed
// what was told meanwhile.
func TestTheBannerOfAPageThatIsGoneBackToIsUpToDate(t *testing.T) {
	s := newSite(t)
	b := newTab(t)
	for !b.goesBack(s) {
		s.flip(t, sqlguard.Change{})
		b = newTab(t)
	}
	run[bool](b, `becomes(1)`) // await does not work on a page that was kept
	s.flip(t, sqlguard.Change{})
	run[bool](b, `becomes(0)`)
}

// goesBack opens a page and another, closes the site, and goes back. It returns false where
// the browser has not kept the page for a reason that is not the page's: it makes no promise.
func (b *tab) goesBack(s *site) bool {
	b.Helper()
	b.open(s.URL)
	b.await(`document.querySelector("#quiesce-banner")`)
	run[bool](b, `window.becomes = shown => new Promise(done => {
		const box = document.querySelector("#quiesce-banner"), look = () => box.childElementCount == shown && done(true)
		new MutationObserver(look).observe(box, { childList: true })
		look()
	}), true`)
	b.open(s.URL + "/login")
	s.flip(b.T, closed())
	back := make(chan navigation.NavigationType, 1)
	why := make(chan []*navigation.BackForwardCacheNotRestoredExplanation, 1)
	listening, stop := context.WithCancel(b.ctx)
	defer stop()
	b.must(chromedp.Listen(listening, func(event any) {
		switch e := event.(type) {
		case *navigation.EventFrameNavigated:
			back <- e.Type
		case *navigation.EventBackForwardCacheNotUsed:
			why <- e.NotRestoredExplanations
		}
	}))
	run[bool](b, `setTimeout(() => history.back()), true`)
	if <-back == navigation.NavigationTypeBackForwardCacheRestore {
		return true
	}
	for _, w := range <-why {
		if w.Type != navigation.BackForwardCacheNotRestoredReasonTypeCircumstantial {
			b.Fatalf("something on the page kept the browser from keeping it: %s", w.Reason)
		}
	}
	return false
}
