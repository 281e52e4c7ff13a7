package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

func (p *pages) home(c echo.Context, user blog.User) error {
	ctx := c.Request().Context()
	page, err := p.blog.HomePage(ctx, user, pageQuery(c))
	if err != nil {
		return err
	}
	posts, err := p.blog.Posts(ctx, page)
	if err != nil {
		return err
	}
	unread, err := p.blog.Unread(ctx, user)
	if err != nil {
		return err
	}
	newer, older := links(page)
	return p.templates.render(c, http.StatusOK, "home", view{Page: homePage{
		list: list{Posts: posts, Newer: newer, Older: older}, Unread: unread, More: unread == blog.MaxUnread, Seen: page.Prev,
	}})
}

// homePage is a page of the viewer's home.
type homePage struct {
	list
	Unread int
	More   bool   // there may be more unread
	Seen   string // the cursor to mark as seen
}

// markSeen answers a form that marks a page of the home as seen.
func (p *pages) markSeen(c echo.Context, user blog.User) error {
	if err := p.blog.MarkSeen(c.Request().Context(), user, c.FormValue("seen")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/home")
}

// following answers a form that follows an author, or no longer does.
func following(change func(ctx context.Context, user blog.User, name string) error) func(echo.Context, blog.User) error {
	return func(c echo.Context, user blog.User) error {
		name := c.Param("name")
		if err := change(c.Request().Context(), user, name); err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, "/users/"+name) // which is a user's name
	}
}

// follows reports whether the viewer follows an author; nobody follows themselves.
func (p *pages) follows(c echo.Context, author blog.User) (bool, error) {
	viewer := viewer(c)
	if viewer == nil || viewer.ID == author.ID {
		return false, nil
	}
	return p.blog.Follows(c.Request().Context(), *viewer, author)
}
