package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// server is an HTTP server on its listener.
type server struct {
	http     *http.Server
	listener net.Listener
	log      *slog.Logger
}

func newServer(listener net.Listener, handler http.Handler, log *slog.Logger) *server {
	return &server{
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       15 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
		listener: listener,
		log:      log,
	}
}

// run serves until ctx ends, and meanwhile relays changes to the timelines. Then it
// lets requests finish and the timelines catch up, each for at most the given time. It leaves
// the timelines alone while others may move them, and for good if they were moved.
func (s *server) run(ctx context.Context, o opened, wait time.Duration) error {
	relaying, stopRelay := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopRelay(nil)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		err := o.use.While(relaying, o.blog.Run)
		stopRelay(err)
		return err
	})
	g.Go(func() error {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done() // asked to stop, or one of the above failed
		s.finishRequests(wait)
		if relaying.Err() == nil {
			s.drain(o.blog, wait)
		}
		stopRelay(nil)
		return nil
	})
	return g.Wait()
}

func (s *server) finishRequests(wait time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.Warn("blog: requests were cut off", "error", errors.Join(err, s.http.Close()))
	}
}

func (s *server) drain(b *blog.Blog, wait time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if err := b.Deliver(ctx); err != nil {
		s.log.Warn("blog: timelines will catch up after the next start", "error", err)
	}
}
