package pages

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

// word names a sentence that tells a user what was done, on the next page. It travels in a
// cookie: only these can be said.
type word string

var words = map[word]string{
	"published":         "Published.",
	"draft":             "Saved as a draft.",
	"saved":             "Saved.",
	"deleted":           "Deleted.",
	"commented":         "Your comment is published.",
	"comment-deleted":   "Your comment is deleted.",
	"followed":          "You follow this author.",
	"unfollowed":        "You no longer follow this author.",
	"seen":              "Marked as read.",
	"welcome":           "Welcome! Your account is ready.",
	"logged-in":         "You are logged in.",
	"logged-out":        "You are logged out.",
	"password":          "Your password is changed. You are logged out everywhere else.",
	"account-deleted":   "Your account is deleted.",
	"logged-in-to-send": "You are logged in again. What you wrote is here: send it.",
}

const (
	saidCookie = "blog_said"
	saidLife   = 60 // seconds, in case there is no next page
)

// then says a word on the page that the browser is sent to.
func then(c echo.Context, w word, path string) error {
	setSaid(c, w, saidLife)
	return c.Redirect(http.StatusSeeOther, path)
}

// said returns what is to be said on this page, once.
func said(c echo.Context) string {
	cookie, err := c.Cookie(saidCookie)
	if err != nil || cookie.Value == "" {
		return ""
	}
	setSaid(c, "", -1)
	return words[word(cookie.Value)]
}

func setSaid(c echo.Context, w word, age int) {
	c.SetCookie(&http.Cookie{
		Name: saidCookie, Value: string(w), Path: "/", MaxAge: age,
		HttpOnly: true, Secure: request.Secure(c), SameSite: http.SameSiteLaxMode,
	})
}
