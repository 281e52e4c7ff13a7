package pages

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/session"
)

const viewerKey = "viewer"

// session finds out who is viewing a page. A cookie without a session is deleted.
func (p *Pages) session(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		token, there := session.Token(c)
		if !there {
			return next(c)
		}
		user, err := p.blog.Viewer(c.Request().Context(), token)
		switch {
		case errors.Is(err, blog.ErrSession):
			session.Set(c, "")
		case err != nil:
			return err
		default:
			c.Set(viewerKey, &user)
		}
		return next(c)
	}
}

// viewer returns the user who is viewing the page; nil if not logged in.
func viewer(c echo.Context) *blog.User {
	user, _ := c.Get(viewerKey).(*blog.User)
	return user
}

// member returns a handler for users who are logged in. Others are sent to log in
// and then back; what they wrote is kept.
func (p *Pages) member(h func(echo.Context, blog.User) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		if user := viewer(c); user != nil {
			return h(c, *user)
		}
		if c.Request().Method == http.MethodPost {
			return p.logInFirst(c)
		}
		return c.Redirect(http.StatusSeeOther, "/login?next="+url.QueryEscape(c.Request().URL.RequestURI()))
	}
}
