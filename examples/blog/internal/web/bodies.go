package web

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

const (
	// bodyLimit holds the longest post in any script: 50,000 characters that are written as
	// 12 bytes each, in a form or in JSON. What is longer by less is shown again with what is
	// wrong.
	bodyLimit = "1MiB"

	// bodyDrained is how much more is read of a body that is too large: a browser does not
	// look at the answer before it has sent all.
	bodyDrained = 16 << 20 // bytes
)

// boundedBody refuses bodies that are too large.
func boundedBody(next echo.HandlerFunc) echo.HandlerFunc {
	bounded := middleware.BodyLimit(bodyLimit)(next)
	return func(c echo.Context) error {
		body := c.Request().Body
		err := bounded(c)
		if tooLarge(err) {
			_, _ = io.CopyN(io.Discard, body, bodyDrained) // an error is the client's: it gets the answer or not
		}
		return err
	}
}

func tooLarge(err error) bool {
	h := (*echo.HTTPError)(nil)
	return errors.As(err, &h) && h.Code == http.StatusRequestEntityTooLarge
}

// badBody distinguishes a body over the limit from one that cannot be read.
func badBody(err error, otherwise *problem) error {
	if h := (*echo.HTTPError)(nil); errors.As(err, &h) {
		return h
	}
	return otherwise
}

// form parses a form before any other handler reads it, so that a form that is too
// large or broken is reported as such.
func form(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, err := c.FormParams(); err != nil {
			return badBody(err, errFormData)
		}
		return next(c)
	}
}
