// Package web serves the blog over HTTP: a JSON API for programs and HTML pages for people.
// The rooms in it answer; it puts them together, with what holds for all requests.
package web

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/api"
	"github.com/timak-go/timak/examples/blog/internal/web/feeds"
	"github.com/timak-go/timak/examples/blog/internal/web/limits"
	"github.com/timak-go/timak/examples/blog/internal/web/live"
	"github.com/timak-go/timak/examples/blog/internal/web/pages"
)

// Options tune the handler. The zero Options, and nil, mean the defaults.
type Options struct {
	// Limits bound how often clients may do what costs much.
	Limits limits.Options

	// Live are the times and bounds of streams that tell of new posts.
	Live live.Options

	// Logger gets errors that are not the client's. Defaults to slog.Default().
	Logger *slog.Logger

	// Access gets a line for each request. Defaults to none.
	Access *slog.Logger

	// Count is called after each request, with the pattern of its route. Defaults to
	// nothing.
	Count func(method, route string, status int, took time.Duration)
}

func (o *Options) withDefaults() Options {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	if out.Access == nil {
		out.Access = slog.New(slog.DiscardHandler)
	}
	if out.Count == nil {
		out.Count = func(string, string, int, time.Duration) {}
	}
	return out
}

// New returns the handler of a blog; options may be nil.
func New(b *blog.Blog, options *Options) http.Handler {
	opts := options.withDefaults()
	l := limits.New(b, opts.Limits)
	p := pages.New(b, l)
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect() // X-Forwarded-For can be forged
	e.HTTPErrorHandler = errorHandler(p, opts.Logger)
	e.Use(
		access(opts),
		securityHeaders(),
		middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: panicked, DisableErrorHandler: true}),
		wrongMethod,
		boundedBody,
		timeLimit,
	)
	api.Routes(e, b, l)
	p.Routes(e)
	feeds.Routes(e, b)
	live.Routes(e, b, opts.Live, opts.Logger)
	healthRoutes(e, b, opts.Logger)
	return e
}
