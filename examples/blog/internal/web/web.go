// Package web serves the blog over HTTP: a JSON API for programs and HTML
// pages for people.
package web

import (
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// Options tune the handler. The zero Options, and nil, mean the defaults.
type Options struct {
	// LoginBurst is how many times in a row an address may try to log in or sign
	// up. Defaults to 60.
	LoginBurst int

	// LoginsPerSecond is how fast used attempts become available again. Defaults to
	// 0.5.
	LoginsPerSecond float64

	// Logger gets errors that are not the client's. Defaults to slog.Default().
	Logger *slog.Logger
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
	if out.Logger == nil {
		out.Logger = slog.Default()
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
		securityHeaders(),
		middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: panicked, DisableErrorHandler: true}),
		middleware.BodyLimit(bodyLimit),
		timeLimit,
	)
	logins := loginLimit(opts)
	apiRoutes(e, &api{blog: b}, logins)
	pageRoutes(e, &pages{blog: b, templates: templates}, logins)
	healthRoutes(e, b, opts.Logger)
	return e
}
