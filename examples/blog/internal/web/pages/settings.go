package pages

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/session"
)

// settingsPage is the page on which users change their accounts.
type settingsPage struct {
	About string // what the user says, or has just tried to
}

func (p *Pages) settings(c echo.Context, user blog.User) error {
	return p.templates.render(c, http.StatusOK, "settings", view{Page: settingsPage{About: user.About}})
}

func (p *Pages) describe(c echo.Context, user blog.User) error {
	text := c.FormValue("about")
	if _, err := p.blog.Describe(c.Request().Context(), user, text); err != nil {
		return p.formAgain(c, "settings", settingsPage{About: text}, err)
	}
	return then(c, "saved", "/users/"+user.Name)
}

func (p *Pages) changePassword(c echo.Context, user blog.User) error {
	token, _ := session.Token(c)
	err := p.limits.Confirm(user)
	if err == nil {
		err = p.blog.ChangePassword(c.Request().Context(), user, token, c.FormValue("old"), c.FormValue("password"))
	}
	if err != nil {
		return p.formAgain(c, "settings", settingsPage{About: user.About}, err)
	}
	return then(c, "password", "/account")
}
