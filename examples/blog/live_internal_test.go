package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// lines are the lines of a stream, as they come.
type lines struct {
	t    *testing.T
	scan *bufio.Scanner
}

// stream opens a stream that tells of all posts since an empty page.
func (b *running) stream(t *testing.T) lines {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, "GET", b.url+"/live?at=", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("a stream: got %s", response.Status)
	}
	return lines{t, bufio.NewScanner(response.Body)}
}

// says waits for an event.
func (l lines) says(count int) {
	l.t.Helper()
	for want := fmt.Sprintf(`data: {"count":%d,"more":false}`, count); l.scan.Scan(); {
		switch line := l.scan.Text(); {
		case line == want:
			return
		case strings.HasPrefix(line, "data:"):
			l.t.Logf("got %s before %s", line, want)
		}
	}
	l.t.Fatalf("the stream has ended (%v) before it said %d", l.scan.Err(), count)
}

// ends waits for the end.
func (l lines) ends() {
	l.t.Helper()
	for l.scan.Scan() {
	}
	if err := l.scan.Err(); err != nil {
		l.t.Errorf("the stream was cut off: %v", err)
	}
}

// A blog that stops does not wait for streams, nor cut them off.
func TestStop_endsStreams(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir())
	streams := []lines{blog.stream(t), blog.stream(t)}
	blog.stop(t)
	for _, stream := range streams {
		stream.ends()
	}
	if trouble := blog.trouble(); trouble != "" {
		t.Errorf("logged: %s", trouble)
	}
}
