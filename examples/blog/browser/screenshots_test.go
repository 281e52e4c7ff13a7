package browser_test

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/timak-go/timak/timak"
)

var writes = flag.Bool("screenshots", false, "write docs/screenshots")

// picture is a screenshot for the documentation.
type picture struct {
	file          string
	path          string // of the page
	width, height int64
	scheme        string
	then          func(b *tab) // what is done on the page; nil: nothing
}

var pictures = []picture{
	{"front.png", "/", wide, height, "light", nil},
	{"home.png", "/home", wide, height, "light", nil},
	{"post.png", "/posts/234", wide, 1000, "light", nil},
	{"write.png", "/write", wide, height, "light", func(b *tab) {
		b.fill("Title", "Notes from the harbour")
		b.fill("Text", written)
	}},
	{"phone.png", "/", narrow, height, "light", nil},
	{"dark.png", "/", wide, height, "dark", nil},
}

const written = `The ferry was *late* again, and nobody minded.

- tea
- bread
- **patience**

> She comes when she comes.

What I learned is [written elsewhere](https://example.org/harbour).`

const folder = "../../../docs/screenshots"

// maxPicture is how large a picture may be, in bytes.
const maxPicture = 60 << 10

// The pictures can be taken, and docs/screenshots has each of them. The flag -screenshots
// writes them.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	w := newTown(t, 12, 240)
	reader := w.tab(t)
	reader.run("be in London", from("en-GB", "Europe/London"))
	reader.logIn(w.authors[6], password)
	w.hasSeen(t, w.authors[6], 3)
	for _, p := range pictures {
		reader.take(p)
	}
}

// take takes a picture, and fails the test if that in the folder is not of its size.
func (b *tab) take(p picture) {
	b.t.Helper()
	b.run("be as in "+p.file, chromedp.EmulateViewport(p.width, p.height), colours(p.scheme))
	b.open(p.path)
	if p.then != nil {
		p.then(b)
	}
	shown := b.screenshot()
	path := filepath.Join(folder, p.file)
	if *writes {
		b.keep(path, shown)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	kept, err := png.DecodeConfig(bytes.NewReader(file))
	if size := shown.Bounds().Size(); err != nil || kept.Width != size.X || kept.Height != size.Y || len(file) > maxPicture {
		b.t.Errorf("%s: got %d×%d pixels in %d bytes, %v, want %v in at most %d: make screenshots", path, kept.Width, kept.Height, len(file), err, size, maxPicture)
	}
}

// hasSeen notes that a user has seen all of the home but the newest n posts.
func (w town) hasSeen(t *testing.T, name string, n int) {
	t.Helper()
	user, err := w.blog.User(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	page, err := w.blog.HomePage(t.Context(), user, timak.Query{Limit: n})
	if err == nil {
		page, err = w.blog.HomePage(t.Context(), user, timak.Query{Limit: n, Cursor: page.Next})
	}
	if err == nil {
		err = w.blog.MarkSeen(t.Context(), user, page.Prev)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// keep writes a picture.
func (b *tab) keep(path string, shown image.Image) {
	b.t.Helper()
	data, err := encode(shown)
	if err == nil {
		err = os.WriteFile(path, data, 0o644) //nolint:gosec // to be read by all
	}
	if err != nil {
		b.t.Fatal(err)
	}
}
