package pages

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

func (p *Pages) home(c echo.Context, user blog.User) error {
	page, err := p.lists.get(c, "home", user, func(ctx context.Context, query timak.Query) (timak.Page, error) {
		return p.blog.HomePage(ctx, user, query)
	})
	if err != nil {
		return err
	}
	unread, err := p.blog.Unread(c.Request().Context(), user)
	if err != nil {
		return err
	}
	return p.templates.render(c, http.StatusOK, "home", view{Page: homePage{list: page, Unread: unread, More: unread == blog.MaxUnread}})
}

// homePage is a page of the viewer's home.
type homePage struct {
	list

	Unread int
	More   bool // there may be more unread
}

// markSeen answers a form that marks a page of the home as seen.
func (p *Pages) markSeen(c echo.Context, user blog.User) error {
	if err := p.blog.MarkSeen(c.Request().Context(), user, c.FormValue("seen")); err != nil {
		return err
	}
	return then(c, "seen", "/home")
}

// following answers a form that follows an author, or no longer does.
func following(change func(ctx context.Context, user blog.User, name string) error, done word) func(echo.Context, blog.User) error {
	return func(c echo.Context, user blog.User) error {
		name := c.Param("name")
		if err := change(c.Request().Context(), user, name); err != nil {
			return err
		}
		return then(c, done, "/users/"+name) // which is a user's name
	}
}

// about returns an author's page without the posts.
func (p *Pages) about(c echo.Context, author blog.User) (page authorPage, err error) {
	ctx, viewer := c.Request().Context(), viewer(c)
	page.Author = author
	page.Mine = viewer != nil && viewer.ID == author.ID
	if viewer != nil && !page.Mine {
		if page.Follows, err = p.blog.Follows(ctx, *viewer, author); err != nil {
			return page, err
		}
	}
	page.Followers, page.Following, err = p.blog.CountPeople(ctx, author)
	return page, err
}
