package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// peopleOf reads a page of a list of people around a user.
type peopleOf func(ctx context.Context, user blog.User, query timak.Query) (blog.People, error)

type peopleJSON struct {
	Items []personJSON `json:"items"`
	Next  string       `json:"next"`
	More  bool         `json:"more"`
}

type personJSON struct {
	Name string `json:"name"`
}

func (a *api) people(read peopleOf) func(echo.Context, *blog.User) error {
	return func(c echo.Context, _ *blog.User) error {
		q, err := query(c)
		if err != nil {
			return err
		}
		user, err := a.blog.User(c.Request().Context(), c.Param("name"))
		if err != nil {
			return err
		}
		page, err := read(c.Request().Context(), user, q)
		if err != nil {
			return err
		}
		answer := peopleJSON{Items: make([]personJSON, len(page.Names)), Next: page.Next, More: page.Next != ""}
		for i, name := range page.Names {
			answer.Items[i].Name = name
		}
		return c.JSON(http.StatusOK, answer)
	}
}
