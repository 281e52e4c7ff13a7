// Package problem turns errors into what clients are told of them: a status, a text, and
// when to try again.
package problem

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// Problem is a client's mistake, or why it must wait, described for the client.
type Problem struct {
	Status int
	Text   string
	Wait   int // seconds, after which the client may try again; 0: it need not wait
}

// Error implements error.
func (p *Problem) Error() string { return p.Text }

// ErrGone is returned if the client has gone before the answer.
var ErrGone = errors.New("the client has gone")

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

// Explain maps an error to a status and the text for the client. No other code
// does.
func Explain(err error) (status int, text string) {
	if invalid := (*blog.InvalidError)(nil); errors.As(err, &invalid) {
		return http.StatusUnprocessableEntity, invalid.Error()
	}
	if p := (*Problem)(nil); errors.As(err, &p) {
		return p.Status, p.Text
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status, s.err.Error()
		}
	}
	if TooLarge(err) {
		return http.StatusRequestEntityTooLarge, "this is larger than " + BodyLimit + ": a post has room for 50,000 characters"
	}
	if h := (*echo.HTTPError)(nil); errors.As(err, &h) && h.Code < http.StatusInternalServerError {
		return h.Code, strings.ToLower(http.StatusText(h.Code))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return http.StatusServiceUnavailable, "the blog is busy: try again in a moment"
	}
	return http.StatusInternalServerError, "something went wrong here; it has been logged"
}

// Describes reports whether an error is a Problem, which says all that there is to know.
func Describes(err error) bool {
	p := (*Problem)(nil)
	return errors.As(err, &p)
}

// RetryAfter tells the client when it may try again, if an error says so.
func RetryAfter(c echo.Context, err error) {
	if p := (*Problem)(nil); errors.As(err, &p) && p.Wait > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(p.Wait))
	}
}
