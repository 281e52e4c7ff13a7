package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for something that must happen, on a busy
// machine.
const patience = time.Minute

// eventually fails the test unless done returns true before patience ends; last
// describes what was seen last.
func eventually(t *testing.T, done func() (ok bool, last string)) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		ok, seen := done()
		if ok {
			return
		}
		last = seen
	}
	t.Fatalf("waited %v in vain; last seen: %s", patience, last)
}

// output collects what a program writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// running is a running blog.
type running struct {
	url    string
	stdout *output
	stderr *output
	cancel context.CancelFunc
	code   chan int
}

// start runs the program in this process, on a free port, until the test ends
// or stop is called.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	b := starting(args...)
	t.Cleanup(func() { b.stop(t) })
	b.url = address(t, b.stdout, b.stderr)
	return b
}

// starting is start without waiting for it to listen.
func starting(args ...string) *running {
	ctx, cancel := context.WithCancel(context.Background()) // t.Context ends before the clean-up
	b := &running{stdout: &output{}, stderr: &output{}, cancel: cancel, code: make(chan int, 1)}
	go func() {
		b.code <- run(ctx, append([]string{"-addr", "127.0.0.1:0", "-writes", "0"}, args...), noEnv, b.stdout, b.stderr)
	}()
	return b
}

// wantRefused fails the test unless the program ends by itself with exit code 1, and says
// why.
func wantRefused(t *testing.T, why string, args ...string) {
	t.Helper()
	starting(args...).wantEnd(t, why)
}

// wantEnd fails the test unless the blog ends by itself with exit code 1, and says why.
func (b *running) wantEnd(t *testing.T, why string) {
	t.Helper()
	select {
	case code := <-b.code:
		if code != 1 || !strings.Contains(b.stderr.String(), why) {
			t.Errorf("got exit code %d, %s%s; want 1 and %q", code, b.stdout, b.stderr, why)
		}
	case <-time.After(patience):
		b.cancel()
		t.Errorf("the blog does not end: %s%s; want %q", b.stdout, b.stderr, why)
	}
}

// stop does what SIGTERM does, and waits for exit code 0. It may be called twice.
func (b *running) stop(t *testing.T) {
	t.Helper()
	b.cancel()
	select {
	case code := <-b.code:
		if code != 0 {
			t.Errorf("the blog ended with exit code %d: %s", code, b.stderr)
		}
		b.code <- 0
	case <-time.After(patience):
		t.Fatalf("the blog does not stop: %s", b.stderr)
	}
}

// trouble returns what the blog has logged, but for what it logs of every request.
func (b *running) trouble() string {
	var trouble strings.Builder
	for line := range strings.Lines(b.stderr.String()) {
		if !strings.Contains(line, `msg="blog: request"`) {
			trouble.WriteString(line)
		}
	}
	return trouble.String()
}

var listening = regexp.MustCompile(`^blog: listening on (http://\S+) \(.*\)\n`)

// address returns where a blog says it listens.
func address(t *testing.T, stdout, stderr *output) (url string) {
	t.Helper()
	eventually(t, func() (bool, string) {
		if found := listening.FindStringSubmatch(stdout.String()); found != nil {
			url = found[1]
		}
		return url != "", stdout.String() + stderr.String()
	})
	return url
}

func noEnv(string) string { return "" }
