package browser_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/examples/blog/internal/web/limits"
	"github.com/timak-go/timak/examples/blog/internal/web/live"
	"github.com/timak-go/timak/timak"
)

// site is a blog on SQLite and boltstore that browsers reach.
type site struct {
	url     string
	blog    *blog.Blog
	handler *echo.Echo
	routes  sync.Map // the patterns of routes that were read
}

// seen reports whether a route was read.
func (s *site) seen(route string) bool {
	_, seen := s.routes.Load(route)
	return seen
}

func newSite(t *testing.T) *site {
	t.Helper()
	ctx, log := context.Background(), slog.New(slog.DiscardHandler) // t.Context ends before the clean-up
	stored, err := storage.Open(ctx, storage.Config{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stored.Close(); err != nil {
			t.Error(err)
		}
	})
	timelines, err := stored.OpenTimelines(ctx, log)
	if err != nil {
		t.Fatal(err)
	}
	b, err := blog.Open(ctx, stored.DB, timak.New(timelines, nil), log)
	if err != nil {
		t.Fatal(err)
	}
	relay(t, b)
	s := &site{blog: b}
	var ok bool
	streams := live.Options{Beat: 100 * time.Millisecond, Pause: 10 * time.Millisecond}
	if s.handler, ok = web.New(b, &web.Options{Limits: limits.Options{LoginBurst: 1e6}, Live: streams, Logger: log, Count: s.count}).(*echo.Echo); !ok {
		t.Fatal("the blog's handler has no routes")
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.handler)
	mux.HandleFunc("GET "+axePath, serveAxe)
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s.url = server.URL
	return s
}

func (s *site) count(method, route string, status int, _ time.Duration) {
	if method == http.MethodGet && status == http.StatusOK {
		s.routes.Store(route, true)
	}
}

// relay brings changes to the timelines until the test ends.
func relay(t *testing.T, b *blog.Blog) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
