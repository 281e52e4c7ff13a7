package browser_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// named is the environment variable with the browser to use: its name, or its path.
const named = "TIMAK_TEST_BROWSER"

// browsers are those that are looked for if none is named; .ci/needs looks for the same.
var browsers = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell", "headless-shell",
	"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

// patience is how long anything may take that takes moments on an idle machine.
const patience = time.Minute

// chromium is the one browser of this test binary.
var chromium process

// process is a browser that starts when the first test asks for it. It ends with this
// process, even if that is killed: its commands come through a pipe, whose end is its own.
type process struct {
	once  sync.Once
	ctx   context.Context // of the browser
	stops []context.CancelFunc
	said  output
	err   error
}

// open returns the context of the browser.
func (p *process) open(t *testing.T) context.Context {
	t.Helper()
	p.once.Do(func() { p.err = p.start() })
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.ctx
}

func (p *process) start() error {
	program, err := find(os.Getenv(named))
	if err != nil {
		return err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.CombinedOutput(&p.said),
		chromedp.Flag("font-render-hinting", "none"), // letters do not depend on where they stand
	)
	// The context of the first test would be wrong: the browser outlives that test.
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	p.stops = append(p.stops, stop)
	p.ctx, stop = chromedp.NewContext(allocator)
	p.stops = append(p.stops, stop)
	starting := time.AfterFunc(patience, stop)
	defer starting.Stop()
	if err := chromedp.Do(p.ctx); err != nil {
		return fmt.Errorf("start %s: %w\n%s", program, err, &p.said)
	}
	return nil
}

// close ends the browser, if it was started, and removes its files.
func (p *process) close() (err error) {
	if p.ctx != nil && p.err == nil {
		err = chromedp.Cancel(p.ctx)
	}
	for _, stop := range slices.Backward(p.stops) {
		stop()
	}
	return err
}

// find returns the path of a browser: of the one that is given, or else of the first there is.
func find(given string) (string, error) {
	if given != "" {
		path, err := exec.LookPath(given)
		if err != nil {
			return "", fmt.Errorf("%s names no program: %w", named, err)
		}
		return path, nil
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoBrowser
}

var errNoBrowser = errors.New("no browser: install Chromium or Chrome (apt-get install chromium), or set " + named + " to the path of one")

// output is what the browser has said.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Without a browser the tests fail, and say what to do.
func TestFind(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if path, err := find(""); err == nil && path[0] != '/' || err != nil && !errors.Is(err, errNoBrowser) {
		t.Errorf("without a browser: got %q, %v", path, err)
	}
	if path, err := find("some-browser"); err == nil {
		t.Errorf("a browser that is not there: got %q", path)
	}
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if path, err := find(here); path != here || err != nil {
		t.Errorf("a path: got %q, %v, want %q", path, err, here)
	}
}
