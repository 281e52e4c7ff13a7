package web

import (
	"context"
	"fmt"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/timak-go/timak/examples/blog/internal/web/live"
	"github.com/timak-go/timak/examples/blog/internal/web/problem"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

func securityHeaders() echo.MiddlewareFunc {
	return middleware.SecureWithConfig(middleware.SecureConfig{
		ContentSecurityPolicy: "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
		ContentTypeNosniff:    "nosniff",
		XFrameOptions:         "DENY",
		ReferrerPolicy:        "same-origin",
	})
}

// timeLimit cancels a request when its time is up or its client has gone, and adds
// which of the two it was: a database's error may not tell. Streams have times of their own.
func timeLimit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		client := c.Request().Context()
		ctx, cancel := context.WithTimeout(client, request.Time)
		if live.Endless(c) {
			ctx = client
		}
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		err := next(c)
		switch {
		case err != nil && client.Err() != nil:
			return fmt.Errorf("%w: %w", problem.ErrGone, err)
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		default:
			return err
		}
	}
}

// panicked turns a panic into an error, which the error handler logs.
func panicked(_ echo.Context, err error, stack []byte) error {
	return fmt.Errorf("panic: %w\n%s", err, stack)
}
