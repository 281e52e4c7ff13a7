// Package session keeps the token of a session in a browser's cookie.
package session

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

const cookieName = "blog_session"

// Token returns the token in the browser's cookie, and whether there is one.
func Token(c echo.Context) (token string, there bool) {
	cookie, err := c.Cookie(cookieName)
	if err != nil {
		return "", false
	}
	return cookie.Value, true
}

// Set sets the browser's cookie, or deletes it if token is empty.
func Set(c echo.Context, token string) {
	cookie := &http.Cookie{
		Name:     cookieName,
		Value:    token,
		Path:     "/",
		MaxAge:   int(blog.SessionLife.Seconds()),
		HttpOnly: true,
		Secure:   request.Secure(c),
		SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	c.SetCookie(cookie)
}
