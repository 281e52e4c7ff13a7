package web

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// decode reads the body as JSON, whatever its header says.
func decode(c echo.Context, into any) error {
	decoder := json.NewDecoder(c.Request().Body)
	if err := decoder.Decode(into); err != nil {
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
			return &blog.InvalidError{Field: wrong.Field, Problem: "must not be a JSON " + wrong.Value}
		}
		return badBody(err, errJSON)
	}
	if err := decoder.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return badBody(err, errJSON)
	}
	return nil
}

// pathID returns the number in the path, or ErrNotFound if it is not a number.
func pathID(c echo.Context) (uint, error) {
	n, err := strconv.ParseUint(c.Param("id"), 10, 63)
	if err != nil {
		return 0, blog.ErrNotFound
	}
	return uint(n), nil
}

// query reads limit and cursor.
func query(c echo.Context) (timak.Query, error) {
	q := timak.Query{Cursor: c.QueryParam("cursor")}
	if text := c.QueryParam("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 {
			return q, timak.ErrLimit
		}
		q.Limit = limit
	}
	return q, nil
}
