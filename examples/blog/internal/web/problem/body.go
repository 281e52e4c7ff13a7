package problem

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"
)

// BodyLimit holds the longest post in any script: 50,000 characters that are written as
// 12 bytes each, in a form or in JSON. What is longer by less is shown again with what is
// wrong.
const BodyLimit = "1MiB"

// TooLarge reports whether a body was over the limit.
func TooLarge(err error) bool {
	h := (*echo.HTTPError)(nil)
	return errors.As(err, &h) && h.Code == http.StatusRequestEntityTooLarge
}

// OfBody distinguishes a body over the limit from one that cannot be read.
func OfBody(err error, otherwise *Problem) error {
	if h := (*echo.HTTPError)(nil); errors.As(err, &h) {
		return h
	}
	return otherwise
}
