package pages

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/problem"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

var (
	errFormData  = &problem.Problem{Status: http.StatusBadRequest, Text: "the form cannot be read"}
	errElsewhere = &problem.Problem{Status: http.StatusForbidden, Text: "this form was sent by another site"}
	errForm      = &problem.Problem{Status: http.StatusForbidden, Text: "this form is out of date. Your browser still has what you wrote: go back, copy it, load the page anew and send it again"}
)

// form parses a form before any other handler reads it, so that a form that is too
// large or broken is reported as such.
func form(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, err := c.FormParams(); err != nil {
			return problem.OfBody(err, errFormData)
		}
		return next(c)
	}
}

// csrf protects the forms of pages. Cookies are marked Secure if the browser
// connected over TLS.
func csrf() echo.MiddlewareFunc {
	plain, secure := csrfFor(false), csrfFor(true)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		overPlain, overTLS := plain(next), secure(next)
		return func(c echo.Context) error {
			if request.Secure(c) {
				return overTLS(c)
			}
			return overPlain(c)
		}
	}
}

func csrfFor(secure bool) echo.MiddlewareFunc {
	return middleware.CSRFWithConfig(middleware.CSRFConfig{
		Skipper:        toNowhere,
		TokenLookup:    "form:" + csrfField,
		ContextKey:     csrfField,
		CookieName:     csrfField,
		CookiePath:     "/",
		CookieMaxAge:   int(blog.SessionLife.Seconds()), // or else a form may be out of date within its session
		CookieSecure:   secure,
		CookieHTTPOnly: true,
		CookieSameSite: http.SameSiteLaxMode,
		ErrorHandler:   func(error, echo.Context) error { return errForm },
	})
}

// toNowhere reports whether something was sent to a page that does not exist, which its
// sender should be told instead.
func toNowhere(c echo.Context) bool {
	return c.Path() == "/*" && c.Request().Method != http.MethodGet
}

// fromHere refuses forms that a browser says another site has sent. The token is not enough:
// a site beside this one, on another port or under the same domain, may set its cookie.
func fromHere() echo.MiddlewareFunc {
	protection := http.NewCrossOriginProtection()
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if protection.Check(c.Request()) != nil {
				return errElsewhere
			}
			return next(c)
		}
	}
}

// csrfField is the name of the token in forms, in its cookie and in the context.
const csrfField = "_csrf"
