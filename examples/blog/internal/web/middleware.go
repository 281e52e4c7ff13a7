package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// requestTime is how long a request may take. Tests on a busy machine take longer.
var requestTime = 10 * time.Second

func securityHeaders() echo.MiddlewareFunc {
	return middleware.SecureWithConfig(middleware.SecureConfig{
		ContentSecurityPolicy: "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
		ContentTypeNosniff:    "nosniff",
		XFrameOptions:         "DENY",
		ReferrerPolicy:        "same-origin",
	})
}

// cacheControl tells browsers and proxies what they may cache.
func cacheControl(value string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderCacheControl, value)
			return next(c)
		}
	}
}

// timeLimit cancels a request when its time is up or its client has gone, and adds
// which of the two it was: a database's error may not tell. Streams have times of their own.
func timeLimit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		client := c.Request().Context()
		ctx, cancel := context.WithTimeout(client, requestTime)
		if endless(c) {
			ctx = client
		}
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		err := next(c)
		switch {
		case err != nil && client.Err() != nil:
			return fmt.Errorf("%w: %w", errGone, err)
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		default:
			return err
		}
	}
}

// errGone is returned if the client has gone before the answer.
var errGone = errors.New("the client has gone")

// csrf protects the forms of pages. Cookies are marked Secure if the browser
// connected over TLS.
func csrf() echo.MiddlewareFunc {
	plain, secure := csrfFor(false), csrfFor(true)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		overPlain, overTLS := plain(next), secure(next)
		return func(c echo.Context) error {
			if secureRequest(c) {
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

// secureRequest trusts the proxy's header: a client that forges it only makes its
// own cookies Secure.
func secureRequest(c echo.Context) bool { return c.Scheme() == "https" }

// panicked turns a panic into an error, which the error handler logs.
func panicked(_ echo.Context, err error, stack []byte) error {
	return fmt.Errorf("panic: %w\n%s", err, stack)
}
