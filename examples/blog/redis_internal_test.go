package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timak/secret"
)

// A Redis that does not answer is given up after a while, with the reason, or as soon as the
// blog is told to stop.
func TestRedis_unreachable(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	c := config{addr: "127.0.0.1:0", storage: storage.Config{Folder: t.TempDir(), Redis: secret.New(server.URL()), RedisWait: 3 * time.Second}}
	err := serve(t.Context(), c, io.Discard, quiet())
	if err == nil || !strings.Contains(err.Error(), "reach Redis: ") || !strings.Contains(err.Error(), server.Address()+": connect: connection refused") {
		t.Errorf("got %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"-data", t.TempDir(), "-redis", server.URL()}, noEnv, &stdout, &stderr); code != 0 {
		t.Errorf("told to stop while it waits: got exit code %d, %s", code, stderr.String())
	}
}

// While Redis is down the blog is not ready, but accepts posts all the same; they reach their
// timelines when it is back.
func TestRedis_gone(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t, "appendonly yes", "appendfsync always")
	args := []string{"-data", t.TempDir(), "-redis", server.Address()}
	blog := start(t, args...)
	brett := blog.signUp(t, "brett")
	brett.write("before")
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	var problem struct{ Error string }
	brett.want(http.StatusServiceUnavailable, "GET", "/readyz", "", &problem)
	if problem.Error != "the timelines cannot be read" {
		t.Errorf("/readyz: got %q", problem.Error)
	}
	brett.write("meanwhile")
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	brett.shows("/api/timeline", "title", "meanwhile before")
	blog.wantClean(t, args)
}
