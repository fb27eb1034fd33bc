package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is one browser for all tests, started by the first that asks for a tab.
var chromium struct {
	once  sync.Once
	ctx   context.Context
	close func()
	err   error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.close != nil {
		chromium.close()
	}
	os.Exit(code)
}

// startChromium starts a browser that has no settings of anybody's, asks no server for
// anything by itself, and takes the certificates of tests.
func startChromium(program string) (ctx context.Context, stop func(), err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.DisableGPU,
		chromedp.IgnoreCertErrors,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	if os.Geteuid() == 0 { // Chromium's sandbox does not start for root
		options = append(options, chromedp.NoSandbox)
	}
	allocator, kill := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	stop = func() {
		end()
		kill()
		chromedp.FromContext(allocator).Allocator.Wait()
	}
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("start %s: %w", program, err)
	}
	return ctx, stop, nil
}

var errNoChromium = errors.New("there is no Chromium: install the package chromium")

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", errNoChromium
}

// missing ends a test that lacks something.
func missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("QUIESCE_TEST_BROWSER") == "required" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// patience bounds what a test awaits; nothing takes as long on a machine that is not overloaded.
const patience = 2 * time.Minute

// newTab opens a tab of a visitor who was never here: it shares no cookies with other tabs.
func newTab(t *testing.T) *tab {
	t.Helper()
	chromium.once.Do(func() {
		program, err := findChromium()
		if err == nil {
			chromium.ctx, chromium.close, err = startChromium(program)
		}
		chromium.err = err
	})
	if errors.Is(chromium.err, errNoChromium) {
		missing(t, chromium.err)
	}
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	ctx, end := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	b := &tab{T: t, ctx: ctx}
	// The context of the first call is the tab's life, so it gets no deadline.
	b.must(chromedp.Do(ctx))
	bounded, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	b.ctx = bounded
	b.watch()
	return b
}
