package pages

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/web/request"
	"github.com/timak-go/timak/examples/blog/internal/web/session"
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

func (p *Pages) accountForm(form accountForm) echo.HandlerFunc {
	return func(c echo.Context) error {
		form := form
		form.Next = localPath(c.QueryParam("next"))
		return p.templates.render(c, http.StatusOK, "account", view{Page: form})
	}
}

func (p *Pages) signUp(c echo.Context) error {
	form := signUpForm
	form.Name, form.Next = c.FormValue("name"), localPath(c.FormValue("next"))
	var token string
	err := p.limits.SignUp(c)
	if err == nil {
		_, token, err = p.blog.SignUp(c.Request().Context(), form.Name, c.FormValue("password"), request.Network(c))
	}
	if err != nil {
		return p.formAgain(c, "account", form, err)
	}
	session.Set(c, token)
	return then(c, "welcome", form.Next)
}

func (p *Pages) logIn(c echo.Context) error {
	form := logInForm
	form.Name, form.Next = c.FormValue("name"), localPath(c.FormValue("next"))
	form.keep(c)
	var token string
	err := p.limits.Guess(c, form.Name)
	if err == nil {
		token, err = p.blog.LogIn(c.Request().Context(), form.Name, c.FormValue("password"), request.Network(c))
	}
	if err != nil {
		return p.formAgain(c, "account", form, err)
	}
	p.limits.Guessed(form.Name)
	session.Set(c, token)
	return p.resume(c, form, token)
}

func (p *Pages) logOut(c echo.Context) error {
	token, _ := session.Token(c)
	if err := p.blog.LogOut(c.Request().Context(), token); err != nil {
		return err
	}
	session.Set(c, "")
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
