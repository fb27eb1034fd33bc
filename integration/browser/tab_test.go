package browser

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tab is a browser's tab, as a visitor uses it. What goes wrong ends the test.
type tab struct {
	*testing.T
	ctx context.Context

	mu      sync.Mutex
	blocked []string // what a Content-Security-Policy kept from happening
}

// as returns the tab for a test within the tab's own.
func (b *tab) as(t *testing.T) *tab { return &tab{T: t, ctx: b.ctx} }

func (b *tab) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// watch collects what the browser says of the policies of pages.
func (b *tab) watch() {
	b.must(chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok && e.Entry.Source == log.EntrySourceSecurity {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.blocked = append(b.blocked, e.Entry.Text)
		}
	}))
	b.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.blocked) > 0 {
			b.Errorf("the browser complains of the pages' policies: %q", b.blocked)
		}
	})
}

// call sends a command of the browser's protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.Helper()
	result, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (R, error) {
		return cdp.Call(ctx, t, command, params)
	})
	b.must(err)
	return result
}

// open goes to an address, and returns the answer once the page has loaded.
func (b *tab) open(url string) *network.Response {
	b.Helper()
	answer, err := chromedp.Run(b.ctx, chromedp.NavigateResponse(url))
	b.must(err)
	return answer
}

// press focuses what leads to another page, presses Enter, and returns the answer once it has
// loaded. A mouse could miss it: the banner, as it comes and goes, moves the page.
func (b *tab) press(selector string) *network.Response {
	b.Helper()
	answer, err := chromedp.RunResponse(b.ctx, chromedp.SendKeys(chromedp.CSS(selector), kb.Enter))
	b.must(err)
	return answer
}

// write types into a field.
func (b *tab) write(selector, text string) {
	b.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.SendKeys(chromedp.CSS(selector), text)))
}

// run runs a script, awaits the promise that it may return, and returns its value.
func run[R any](b *tab, script string) R {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[R](script, chromedp.EvalAwaitPromise))
	b.must(err)
	return value
}

// quote returns a text as a script has it.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // no string is one that cannot be encoded
	}
	return string(quoted)
}

// text returns the text of all elements that a selector finds.
func (b *tab) text(selector string) []string {
	b.Helper()
	return run[[]string](b, `Array.from(document.querySelectorAll(`+quote(selector)+`), e => e.innerText.trim())`)
}

// sees demands the text of all elements that a selector finds.
func (b *tab) sees(selector string, want ...string) {
	b.Helper()
	if got := b.text(selector); !slices.Equal(got, want) {
		b.Errorf("%s says %q, want %q", selector, got, want)
	}
}

// await waits until the page has changed so that a condition holds.
func (b *tab) await(condition string) {
	b.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Poll[bool]("!!("+condition+")", chromedp.WithPollingMutation(), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		b.Fatalf("awaiting %s: %v", condition, err)
	}
}

// cookie returns the value of a cookie of the page.
func (b *tab) cookie(name string) string {
	b.Helper()
	for _, c := range call(b, network.GetCookies, network.GetCookiesParams{}).Cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// speak has the browser ask for pages in a language.
func (b *tab) speak(language string) {
	b.Helper()
	call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Accept-Language": language},
	})
}

// look has the page shown in a scheme, light or dark, and a window of a width.
func (b *tab) look(scheme string, width int64) {
	b.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	b.must(chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 720)))
}
