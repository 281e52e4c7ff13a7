package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/route"
)

// The routes that say how the blog is.
const (
	alivePath = "/healthz"
	readyPath = "/readyz"
)

var healthPaths = []string{alivePath, readyPath}

// readyTime is how long /readyz waits for the database and the store.
const readyTime = 2 * time.Second

func healthRoutes(e *echo.Echo, b *blog.Blog, log *slog.Logger) {
	route.Get(e, alivePath, func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"status": "alive"})
	})
	route.Get(e, readyPath, func(c echo.Context) error {
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
