package web

import (
	"crypto/rand"
	"log/slog"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"
)

// access logs each request, and counts it. It shows neither paths nor queries, in which there
// are names and cursors, nor addresses.
func access(opts Options) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			begun := time.Now()
			id := requestID(c)
			c.Response().Header().Set(echo.HeaderXRequestID, id)
			if err := next(c); err != nil {
				c.Error(err) // answers, so that the status is known
			}
			took, status, method, route := time.Since(begun), c.Response().Status, c.Request().Method, routeOf(c)
			opts.Count(method, route, status, took)
			opts.Access.LogAttrs(c.Request().Context(), slog.LevelInfo, "blog: request",
				slog.String("method", method), slog.String("route", route), slog.Int("status", status),
				slog.Duration("duration", took), slog.String("request_id", id))
			return nil
		}
	}
}

// routeOf returns the pattern of a request's route; that of all requests for which there is
// none is "/*".
func routeOf(c echo.Context) string {
	if c.Path() == "" {
		return "/*"
	}
	return c.Path()
}

var goodID = regexp.MustCompile(`^[A-Za-z0-9_.-]{8,64}$`)

// requestID returns what a request goes by in logs: what a proxy calls it, or a new name.
func requestID(c echo.Context) string {
	if id := c.Request().Header.Get(echo.HeaderXRequestID); goodID.MatchString(id) {
		return id
	}
	return rand.Text()
}
