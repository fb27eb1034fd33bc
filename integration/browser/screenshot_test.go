package browser

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// It takes a picture of each, which QUIESCE_SCREENSHOTS keeps.
func TestThePageFollowsTheVisitorsScheme(t *testing.T) {
	for _, language := range []string{"en", "ar"} {
		for i, name := range []string{"link", "form", "sign-in"} {
			b := refusals[i].open(t, language)
			for _, look := range looks {
				b.look(look.scheme, look.width)
				file := fmt.Sprintf("%s-%s-%s-%d.png", name, language, look.scheme, look.width)
				checkPicture(t, file, b.picture(file), look.scheme == "dark", int(look.width))
			}
		}
	}
}

// picture takes a picture of the whole page, and keeps it by that name where QUIESCE_SCREENSHOTS says.
func (b *tab) picture(name string) image.Image {
	b.Helper()
	taken, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	b.must(err)
	p, err := png.Decode(bytes.NewReader(taken))
	b.must(err)
	if folder := os.Getenv("QUIESCE_SCREENSHOTS"); folder != "" {
		var file bytes.Buffer
		b.must((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, fewColours(p)))
		b.must(os.MkdirAll(folder, 0o755))
		b.must(os.WriteFile(filepath.Join(folder, name), file.Bytes(), 0o644))
	}
	return p
}

// fewColours returns a picture in its 256 most frequent colours, which nobody can tell from
// one in all colours of the edges of its letters, and which takes a third of the bytes.
func fewColours(p image.Image) image.Image {
	counts := map[color.Color]int{}
	size := p.Bounds()
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			counts[p.At(x, y)]++
		}
	}
	palette := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int { return counts[b] - counts[a] })
	few := image.NewPaletted(size, palette[:min(len(palette), 256)])
	draw.Draw(few, size, p, size.Min, draw.Src)
	return few
}

// checkPicture demands a picture as wide as the window, and a background that is dark or is not.
func checkPicture(t *testing.T, name string, p image.Image, dark bool, width int) {
	t.Helper()
	if got := p.Bounds().Dx(); got != width {
		t.Errorf("%s is %d px wide, want %d", name, got, width)
	}
	r, g, b, _ := p.At(0, 0).RGBA()
	if (r+g+b < 3*0x8000) != dark {
		t.Errorf("%s has a background of %x %x %x; dark: %v", name, r>>8, g>>8, b>>8, dark)
	}
}
