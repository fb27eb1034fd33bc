package browser

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// It takes a picture of each, which QUIESCE_SCREENSHOTS keeps.
func TestThePageFollowsTheVisitorsScheme(t *testing.T) {
	folder := os.Getenv("QUIESCE_SCREENSHOTS")
	for _, language := range []string{"en", "ar"} {
		for i, name := range []string{"link", "form", "sign-in"} {
			b := refusals[i].open(t, language)
			for _, look := range looks {
				b.look(look.scheme, look.width)
				picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
				b.must(err)
				file := fmt.Sprintf("%s-%s-%s-%d.png", name, language, look.scheme, look.width)
				checkPicture(t, file, picture, look.scheme == "dark", int(look.width))
				if folder != "" {
					b.must(os.MkdirAll(folder, 0o755))
					b.must(os.WriteFile(filepath.Join(folder, file), picture, 0o644))
				}
			}
		}
	}
}

// checkPicture demands a picture as wide as the window, and a background that is dark or is not.
func checkPicture(t *testing.T, name string, picture []byte, dark bool, width int) {
	t.Helper()
	p, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if got := p.Bounds().Dx(); got != width {
		t.Errorf("%s is %d px wide, want %d", name, got, width)
	}
	r, g, b, _ := p.At(0, 0).RGBA()
	if (r+g+b < 3*0x8000) != dark {
		t.Errorf("%s has a background of %x %x %x; dark: %v", name, r>>8, g>>8, b>>8, dark)
	}
}
