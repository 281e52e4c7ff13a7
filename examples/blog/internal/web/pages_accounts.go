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

	// What was written when the session had ended; see logInFirst.
	Route string // of the form that it was sent by; empty if there is nothing
	ID    string // of the post in the route
	Kept  []field
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
	form := signUpForm
	form.Name, form.Next = c.FormValue("name"), localPath(c.FormValue("next"))
	var token string
	err := p.limits.signUp(c)
	if err == nil {
		_, token, err = p.blog.SignUp(c.Request().Context(), form.Name, c.FormValue("password"), network(c.RealIP()))
	}
	if err != nil {
		return p.formAgain(c, "account", form, err)
	}
	setSession(c, token)
	return then(c, "welcome", form.Next)
}

func (p *pages) logIn(c echo.Context) error {
	form := logInForm
	form.Name, form.Next = c.FormValue("name"), localPath(c.FormValue("next"))
	form.keep(c)
	var token string
	err := p.limits.guess(c, form.Name)
	if err == nil {
		token, err = p.blog.LogIn(c.Request().Context(), form.Name, c.FormValue("password"), network(c.RealIP()))
	}
	if err != nil {
		return p.formAgain(c, "account", form, err)
	}
	p.limits.guessed(form.Name)
	setSession(c, token)
	return p.resume(c, form, token)
}

func (p *pages) logOut(c echo.Context) error {
	if err := p.blog.LogOut(c.Request().Context(), sessionToken(c)); err != nil {
		return err
	}
	setSession(c, "")
	return then(c, "logged-out", "/")
}

// localPath returns path if it is within this site, so that a link cannot make the
// log-in page lead to another site.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}
