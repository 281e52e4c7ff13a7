package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/problem"
	"github.com/timak-go/timak/timak"
)

// errJSON is returned for a body that is not JSON, or more than one value.
var errJSON = &problem.Problem{Status: http.StatusBadRequest, Text: "the body is not a JSON object"}

// decode reads the body as JSON, whatever its header says.
func decode(c echo.Context, into any) error {
	decoder := json.NewDecoder(c.Request().Body)
	if err := decoder.Decode(into); err != nil {
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
			return &blog.InvalidError{Field: wrong.Field, Problem: "must not be a JSON " + wrong.Value}
		}
		return problem.OfBody(err, errJSON)
	}
	if err := decoder.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return problem.OfBody(err, errJSON)
	}
	return nil
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
