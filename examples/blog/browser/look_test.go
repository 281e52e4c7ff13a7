package browser_test

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/png"
	"net/http"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// look is a page to look at.
type look struct {
	name   string
	path   string
	status int          // 0 means 200
	then   func(b *tab) // what is done on the page; nil: nothing
}

// lookAt looks at pages.
func (b *tab) lookAt(looks []look) {
	for _, l := range looks {
		b.look(l)
	}
}

// look looks at a page in each scheme and width.
func (b *tab) look(l look) {
	b.t.Helper()
	b.run("be as wide as a computer", resize(wide))
	if status := b.open(l.path); status != cmp.Or(l.status, http.StatusOK) {
		b.t.Fatalf("%s: got %d for %s:\n%s", l.name, status, l.path, b.text())
	}
	if l.then != nil {
		l.then(b)
	}
	b.bringAxe()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{wide, narrow} {
			b.run("change looks", colours(scheme), resize(width))
			where := fmt.Sprintf("%s, %s, %d pixels", l.name, scheme, width)
			b.fits(where)
			for _, f := range b.findings() {
				b.t.Errorf("%s: %s", where, f)
			}
		}
		if got := b.brightness(); (got < 0.3) != (scheme == "dark") {
			b.t.Errorf("%s, %s: the brightness is %.2f, from 0 for black to 1 for white", l.name, scheme, got)
		}
	}
}

// colours lets the reader prefer a scheme.
func colours(scheme string) chromedp.Action[chromedp.Void] {
	prefers := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: prefers})
}

// fits fails the test if the page is wider than the window.
func (b *tab) fits(where string) {
	b.t.Helper()
	if beyond := ask[[]string](b, `(() => {
		const width = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= width) return [];
		return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 100));
	})()`); len(beyond) > 0 {
		b.t.Errorf("%s: what is wider than the window: %q", where, beyond)
	}
}

// brightness returns how bright the window is, from 0 for black to 1 for white.
func (b *tab) brightness() float64 {
	b.t.Helper()
	shown := b.screenshot()
	var sum, n float64
	for y := shown.Bounds().Min.Y; y < shown.Bounds().Max.Y; y += 4 {
		for x := shown.Bounds().Min.X; x < shown.Bounds().Max.X; x += 4 {
			r, g, b, _ := shown.At(x, y).RGBA()
			sum += float64(r+g+b) / (3 * 0xffff)
			n++
		}
	}
	return sum / n
}

// screenshot returns what the window shows.
func (b *tab) screenshot() image.Image {
	b.t.Helper()
	data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	shown, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	return shown
}
