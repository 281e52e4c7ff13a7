package web

import (
	"io"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/timak-go/timak/examples/blog/internal/web/problem"
)

// bodyDrained is how much more is read of a body that is too large: a browser does not look at
// the answer before it has sent all.
const bodyDrained = 16 << 20 // bytes

// boundedBody refuses bodies that are too large.
func boundedBody(next echo.HandlerFunc) echo.HandlerFunc {
	bounded := middleware.BodyLimit(problem.BodyLimit)(next)
	return func(c echo.Context) error {
		body := c.Request().Body
		err := bounded(c)
		if problem.TooLarge(err) {
			_, _ = io.CopyN(io.Discard, body, bodyDrained) // an error is the client's: it gets the answer or not
		}
		return err
	}
}
