// Package web serves the blog over HTTP: a JSON API for programs and HTML
// pages for people.
package web

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// Options tune the handler. The zero Options, and nil, mean the defaults.
type Options struct {
	// LoginBurst is how many times in a row an address may try a password or sign
	// up. Defaults to 60.
	LoginBurst int

	// LoginsPerSecond is how fast used attempts become available again. Defaults to
	// 0.5.
	LoginsPerSecond float64

	// NameBurst is how many times in a row passwords may be tried for a name, from
	// anywhere. Defaults to 10.
	NameBurst int

	// NamesPerSecond is how fast used attempts on a name become available again.
	// Defaults to 1 in 30 seconds.
	NamesPerSecond float64

	// WritesPerMinute is how many posts, edits of what is published, and comments a user may
	// write a minute, and in a row. 0 is without a bound.
	WritesPerMinute int

	// Live are the times and bounds of streams that tell of new posts.
	Live Live

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
	if out.LoginBurst == 0 {
		out.LoginBurst = 60
	}
	if out.LoginsPerSecond == 0 {
		out.LoginsPerSecond = 0.5
	}
	if out.NameBurst == 0 {
		out.NameBurst = 10
	}
	if out.NamesPerSecond == 0 {
		out.NamesPerSecond = 1.0 / 30
	}
	out.Live = out.Live.withDefaults()
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
	templates := parseTemplates()
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect() // X-Forwarded-For can be forged
	e.HTTPErrorHandler = errorHandler(templates, opts.Logger)
	e.Use(
		access(opts),
		securityHeaders(),
		middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: panicked, DisableErrorHandler: true}),
		wrongMethod,
		boundedBody,
		timeLimit,
	)
	limits := newLimits(b, opts)
	apiRoutes(e, &api{blog: b, limits: limits})
	pageRoutes(e, &pages{blog: b, templates: templates, limits: limits, lists: &lists{entries: newEntries(b, templates)}})
	liveRoutes(e, &live{blog: b, opts: opts.Live, log: opts.Logger})
	healthRoutes(e, b, opts.Logger)
	return e
}
