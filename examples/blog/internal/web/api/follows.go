package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

func (a *api) follow(c echo.Context, user blog.User) error {
	if err := a.blog.Follow(c.Request().Context(), user, c.Param("name")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *api) unfollow(c echo.Context, user blog.User) error {
	if err := a.blog.Unfollow(c.Request().Context(), user, c.Param("name")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *api) home(c echo.Context, user blog.User) error {
	q, err := query(c)
	if err != nil {
		return err
	}
	page, err := a.blog.HomePage(c.Request().Context(), user, q)
	return sendPage(c, page, err)
}
