package pages

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// peoplePage is a page of a list of people around a user.
type peoplePage struct {
	blog.People

	Heading string // before the user's name
	User    blog.User
	Further bool // not the list's first page
}

func (p *Pages) people(heading string, read func(ctx context.Context, user blog.User, query timak.Query) (blog.People, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		user, err := p.blog.User(ctx, c.Param("name"))
		if err != nil {
			return err
		}
		query := pageQuery(c)
		people, err := read(ctx, user, query)
		if err != nil {
			return err
		}
		return p.templates.render(c, http.StatusOK, "people", view{Page: peoplePage{
			People: people, Heading: heading, User: user, Further: query.Cursor != "",
		}})
	}
}
