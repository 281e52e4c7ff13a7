package web

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/web/live"
	"github.com/timak-go/timak/examples/blog/internal/web/pages"
	"github.com/timak-go/timak/examples/blog/internal/web/problem"
)

// errorHandler answers a failed request: with JSON to a program, with a page to a
// person.
func errorHandler(p *pages.Pages, log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return // too late
		}
		if errors.Is(err, problem.ErrGone) {
			c.Response().Status = statusGone
			return
		}
		status, text := problem.Explain(err)
		if status >= http.StatusInternalServerError && !problem.Describes(err) {
			log.ErrorContext(c.Request().Context(), "blog: request failed",
				"method", c.Request().Method, "route", routeOf(c),
				"request_id", c.Response().Header().Get(echo.HeaderXRequestID), "error", err)
		}
		problem.RetryAfter(c, err)
		if err := answerError(c, p, status, text); err != nil {
			log.WarnContext(c.Request().Context(), "blog: answer not sent", "error", err)
		}
	}
}

// statusGone is what is logged if the client has gone before the answer, as nginx does.
const statusGone = 499

func answerError(c echo.Context, p *pages.Pages, status int, text string) error {
	switch {
	case c.Request().Method == http.MethodHead:
		return c.NoContent(status)
	case forPrograms(c.Request().URL.Path):
		if status == http.StatusUnauthorized {
			c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
		}
		return c.JSON(status, map[string]string{"error": text})
	default:
		return p.Error(c, status, text)
	}
}

// forPrograms reports whether only programs and scripts ask for a path.
func forPrograms(path string) bool {
	return path == "/api" || strings.HasPrefix(path, "/api/") || slices.Contains(healthPaths, path) || slices.Contains(live.Paths, path)
}
