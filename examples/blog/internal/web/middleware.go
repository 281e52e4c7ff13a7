package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

const (
	bodyLimit   = "64KiB"
	requestTime = 10 * time.Second
)

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
// which of the two it was: a database's error may not tell.
func timeLimit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), requestTime)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		err := next(c)
		if err != nil && ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		return err
	}
}

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
		Skipper:        formToNowhere,
		TokenLookup:    "form:" + csrfField,
		ContextKey:     csrfField,
		CookieName:     csrfField,
		CookiePath:     "/",
		CookieSecure:   secure,
		CookieHTTPOnly: true,
		CookieSameSite: http.SameSiteLaxMode,
		ErrorHandler:   func(error, echo.Context) error { return errForm },
	})
}

// formToNowhere reports whether a form was sent to a page that does not exist,
// which its sender should be told instead.
func formToNowhere(c echo.Context) bool {
	return c.Path() == "/*" && c.Request().Method == http.MethodPost
}

// csrfField is the name of the token in forms, in its cookie and in the context.
const csrfField = "_csrf"

// secureRequest trusts the proxy's header: a client that forges it only makes its
// own cookies Secure.
func secureRequest(c echo.Context) bool { return c.Scheme() == "https" }

// form parses a form before any other handler reads it, so that a form that is too
// large or broken is reported as such.
func form(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, err := c.FormParams(); err != nil {
			return badBody(err, errFormData)
		}
		return next(c)
	}
}

// panicked turns a panic into an error, which the error handler logs.
func panicked(_ echo.Context, err error, stack []byte) error {
	return fmt.Errorf("panic: %w\n%s", err, stack)
}
