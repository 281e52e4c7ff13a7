package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/timak-go/timak/examples/blog/internal/metrics"
)

// withMetrics counts what the blog does while do runs, and serves the counts at
// -metrics, apart from the pages: they are not for everybody.
func (o opened) withMetrics(ctx context.Context, c *config, log *slog.Logger, do func() error) (err error) {
	if c.metrics == "" {
		return do()
	}
	listener, err := listen(ctx, c.metrics, "-metrics")
	if err != nil {
		return fmt.Errorf("serve metrics: %w", err)
	}
	counted := metrics.New(o.blog.Stats)
	c.web.Count = counted.Request
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", counted)
	server := newServer(listener, mux, log)
	ended := make(chan error, 1)
	go func() { ended <- server.http.Serve(listener) }()
	defer func() {
		err = errors.Join(err, server.http.Close())
		if failure := <-ended; !errors.Is(failure, http.ErrServerClosed) {
			err = errors.Join(err, failure)
		}
	}()
	log.Info("blog: metrics", "url", fmt.Sprintf("http://%s/metrics", listener.Addr()))
	return do()
}
