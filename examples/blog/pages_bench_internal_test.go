package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/web"
)

// BenchmarkPages measures the handlers alone, without a network, on SQLite and boltstore.
// The timeline of the API is the baseline: one fetch, and no row.
func BenchmarkPages(b *testing.B) {
	args := []string{"-data", b.TempDir()}
	if code := run(b.Context(), append([]string{seedCommand, "-posts", "500", "-users", "20"}, args...), noEnv, io.Discard, io.Discard); code != 0 {
		b.Fatalf("seed: exit code %d", code)
	}
	c, err := parseConfig(args, noEnv, io.Discard, io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	err = withBlog(b.Context(), c, quiet(), func(o opened) error {
		handler := web.New(o.blog, nil)
		for name, path := range map[string]string{"timeline": "/api/timeline?limit=10", "front": "/", "author": "/users/ada", "post": "/posts/1", "feed": "/feed.atom"} {
			b.Run(name, func(b *testing.B) { benchmarkPage(b, handler, path) })
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func benchmarkPage(b *testing.B, handler http.Handler, path string) {
	b.ReportAllocs()
	b.SetParallelism(8) // connections, for each processor
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil))
			if answer.Code != http.StatusOK {
				b.Errorf("%s: got %d", path, answer.Code)
			}
		}
	})
}
