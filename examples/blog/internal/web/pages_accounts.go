package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// accountForm is the form of the log-in page and of the sign-up page.
type accountForm struct {
	Heading string
	Action  string
	SignUp  bool
	Name    string
	Next    string // where to go afterwards
}

var (
	signUpForm = accountForm{Heading: "Sign up", Action: "/signup", SignUp: true}
	logInForm  = accountForm{Heading: "Log in", Action: "/login"}
)

func (p *pages) accountForm(form accountForm) echo.HandlerFunc {
	return func(c echo.Context) error {
		form := form
		form.Next = localPath(c.QueryParam("next"))
		return p.templates.render(c, http.StatusOK, "account", view{Page: form})
	}
}

func (p *pages) signUp(c echo.Context) error {
	_, token, err := p.blog.SignUp(c.Request().Context(), c.FormValue("name"), c.FormValue("password"))
	return p.enter(c, signUpForm, token, err)
}

func (p *pages) logIn(c echo.Context) error {
	token, err := p.blog.LogIn(c.Request().Context(), c.FormValue("name"), c.FormValue("password"))
	return p.enter(c, logInForm, token, err)
}

// enter starts a browser's session, or shows the form again with the problem.
func (p *pages) enter(c echo.Context, form accountForm, token string, err error) error {
	form.Name, form.Next = c.FormValue("name"), localPath(c.FormValue("next"))
	if err != nil {
		return p.formAgain(c, "account", form, err)
	}
	setSession(c, token)
	return c.Redirect(http.StatusSeeOther, form.Next)
}

func (p *pages) logOut(c echo.Context) error {
	if cookie, err := c.Cookie(sessionCookie); err == nil {
		if err := p.blog.LogOut(c.Request().Context(), cookie.Value); err != nil {
			return err
		}
	}
	setSession(c, "")
	return c.Redirect(http.StatusSeeOther, "/")
}

// formAgain shows a form again with what the user must correct; other errors are
// returned.
func (p *pages) formAgain(c echo.Context, name string, page any, err error) error {
	status, text := explain(err)
	switch status {
	case http.StatusUnprocessableEntity, http.StatusConflict, http.StatusUnauthorized:
		return p.templates.render(c, status, name, view{Problem: text, Page: page})
	default:
		return err
	}
}

// localPath returns path if it is within this site, so that a link cannot make the
// log-in page lead to another site.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}
