package pages

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/problem"
)

// formAgain shows a form again with what the user must correct; other errors are
// returned.
func (p *Pages) formAgain(c echo.Context, name string, page any, err error) error {
	status, text := problem.Explain(err)
	switch status {
	case http.StatusUnprocessableEntity, http.StatusConflict, http.StatusUnauthorized, http.StatusTooManyRequests:
		problem.RetryAfter(c, err)
		return p.templates.render(c, status, name, view{Problem: text, Field: fieldOf(err), Page: page})
	default:
		return err
	}
}

// fieldOf returns the field that a user must correct, which gets the focus; empty if it is
// none in particular.
func fieldOf(err error) string {
	if invalid := (*blog.InvalidError)(nil); errors.As(err, &invalid) {
		return invalid.Field
	}
	switch {
	case errors.Is(err, blog.ErrNameTaken):
		return "name"
	case errors.Is(err, blog.ErrLogin):
		return "password"
	default:
		return ""
	}
}
