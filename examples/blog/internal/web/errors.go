package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// problem is a client's mistake, described for the client.
type problem struct {
	status int
	text   string
	wait   int // seconds, after which the client may try again; 0: it need not wait
}

func (p *problem) Error() string { return p.text }

var (
	errJSON      = &problem{status: http.StatusBadRequest, text: "the body is not a JSON object"}
	errFormData  = &problem{status: http.StatusBadRequest, text: "the form cannot be read"}
	errElsewhere = &problem{status: http.StatusForbidden, text: "this form was sent by another site"}
	errForm      = &problem{status: http.StatusForbidden, text: "this form is out of date. Your browser still has what you wrote: go back, copy it, load the page anew and send it again"}
)

// statuses are the domain's errors whose text is shown to the client unchanged.
var statuses = []struct {
	err    error
	status int
}{
	{blog.ErrNotFound, http.StatusNotFound},
	{blog.ErrForbidden, http.StatusForbidden},
	{blog.ErrNameTaken, http.StatusConflict},
	{blog.ErrLogin, http.StatusUnauthorized},
	{blog.ErrSession, http.StatusUnauthorized},
	{blog.ErrCursor, http.StatusBadRequest},
	{timak.ErrBadCursor, http.StatusBadRequest},
	{timak.ErrLimit, http.StatusBadRequest},
}

// explain maps an error to a status and the text for the client. No other code
// does.
func explain(err error) (status int, text string) {
	if invalid := (*blog.InvalidError)(nil); errors.As(err, &invalid) {
		return http.StatusUnprocessableEntity, invalid.Error()
	}
	if p := (*problem)(nil); errors.As(err, &p) {
		return p.status, p.text
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status, s.err.Error()
		}
	}
	if tooLarge(err) {
		return http.StatusRequestEntityTooLarge, "this is larger than " + bodyLimit + ": a post has room for 50,000 characters"
	}
	if h := (*echo.HTTPError)(nil); errors.As(err, &h) && h.Code < http.StatusInternalServerError {
		return h.Code, strings.ToLower(http.StatusText(h.Code))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return http.StatusServiceUnavailable, "the blog is busy: try again in a moment"
	}
	return http.StatusInternalServerError, "something went wrong here; it has been logged"
}

// errorHandler answers a failed request: with JSON to a program, with a page to a
// person.
func errorHandler(templates templates, log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return // too late
		}
		if errors.Is(err, errGone) {
			c.Response().Status = statusGone
			return
		}
		status, text := explain(err)
		if problem := (*problem)(nil); status >= http.StatusInternalServerError && !errors.As(err, &problem) {
			log.ErrorContext(c.Request().Context(), "blog: request failed",
				"method", c.Request().Method, "route", routeOf(c),
				"request_id", c.Response().Header().Get(echo.HeaderXRequestID), "error", err)
		}
		retryAfter(c, err)
		if err := answerError(c, templates, status, text); err != nil {
			log.WarnContext(c.Request().Context(), "blog: answer not sent", "error", err)
		}
	}
}

// retryAfter tells the client when it may try again, if an error says so.
func retryAfter(c echo.Context, err error) {
	if p := (*problem)(nil); errors.As(err, &p) && p.wait > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(p.wait))
	}
}

// statusGone is what is logged if the client has gone before the answer, as nginx does.
const statusGone = 499

func answerError(c echo.Context, templates templates, status int, text string) error {
	switch {
	case c.Request().Method == http.MethodHead:
		return c.NoContent(status)
	case forPrograms(c.Request().URL.Path):
		if status == http.StatusUnauthorized {
			c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
		}
		return c.JSON(status, map[string]string{"error": text})
	default:
		return templates.render(c, status, "error", view{Problem: text, Page: status})
	}
}

// programs are paths, beside those of the API, that only programs and scripts ask for.
var programs = []string{"/healthz", "/readyz", sitePath, homePath, sitePath + countPath, homePath + countPath}

func forPrograms(path string) bool {
	return path == "/api" || strings.HasPrefix(path, "/api/") || slices.Contains(programs, path)
}
