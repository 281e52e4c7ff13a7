package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

const (
	sessionCookie = "blog_session"
	viewerKey     = "viewer"
)

// session finds out who is viewing a page. A cookie without a session is deleted.
func (p *pages) session(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		cookie, err := c.Cookie(sessionCookie)
		if err != nil {
			return next(c)
		}
		user, err := p.blog.Viewer(c.Request().Context(), cookie.Value)
		switch {
		case errors.Is(err, blog.ErrSession):
			setSession(c, "")
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

// sessionToken returns the token in the browser's cookie; empty if there is none.
func sessionToken(c echo.Context) string {
	cookie, err := c.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// member returns a handler for users who are logged in. Others are sent to log in
// and then back; what they wrote is kept.
func (p *pages) member(h func(echo.Context, blog.User) error) echo.HandlerFunc {
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

// setSession sets the browser's session cookie, or deletes it if token is empty.
func setSession(c echo.Context, token string) {
	cookie := &http.Cookie{
		Name:     sessionCookie,
		Value:    token,
		Path:     "/",
		MaxAge:   int(blog.SessionLife.Seconds()),
		HttpOnly: true,
		Secure:   secureRequest(c),
		SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	c.SetCookie(cookie)
}
