package pages

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/session"
)

// leaveForm is the page on which a user deletes the account.
func (p *Pages) leaveForm(c echo.Context, _ blog.User) error {
	return p.templates.render(c, http.StatusOK, "leave", view{})
}

func (p *Pages) leave(c echo.Context, user blog.User) error {
	err := p.limits.Confirm(user)
	if err == nil {
		err = p.blog.DeleteAccount(c.Request().Context(), user, c.FormValue("password"))
	}
	if err != nil {
		return p.formAgain(c, "leave", nil, err)
	}
	session.Set(c, "")
	return then(c, "account-deleted", "/")
}
