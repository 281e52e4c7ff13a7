package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// readyTime is how long /readyz waits for the database and the store.
const readyTime = 2 * time.Second

func healthRoutes(e *echo.Echo, b *blog.Blog, log *slog.Logger) {
	get(e, "/healthz", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"status": "alive"})
	})
	get(e, "/readyz", func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), readyTime)
		defer cancel()
		if err := b.Ready(ctx); err != nil {
			log.WarnContext(ctx, "blog: not ready", "error", err)
			return c.JSON(http.StatusServiceUnavailable, map[string]string{"error": reason(err)})
		}
		return c.JSON(http.StatusOK, map[string]string{"status": "ready"})
	})
}

// reason names the failing part without any details.
func reason(err error) string {
	if errors.Is(err, blog.ErrStore) {
		return blog.ErrStore.Error()
	}
	return blog.ErrDatabase.Error()
}

// get routes GET requests, and HEAD requests for only the headers.
func get(r interface {
	Match(methods []string, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) []*echo.Route
}, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc,
) {
	r.Match([]string{http.MethodGet, http.MethodHead}, path, h, m...)
}
