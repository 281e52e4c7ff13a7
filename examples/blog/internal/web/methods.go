package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// nowhere are the routes of requests that no route is for.
var nowhere = []string{"", "/*", "/api", "/api/*"}

// methods are those that routes have.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// wrongMethod answers with 405, or to OPTIONS with 204, if the path of a request has routes
// for other methods, and says which. Echo does not where a group has middleware.
func wrongMethod(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !slices.Contains(nowhere, c.Path()) {
			return next(c)
		}
		allowed := allowedMethods(c)
		if allowed == "" {
			return next(c)
		}
		c.Response().Header().Set(echo.HeaderAllow, allowed)
		if c.Request().Method == http.MethodOptions {
			return c.NoContent(http.StatusNoContent)
		}
		return echo.ErrMethodNotAllowed
	}
}

// allowedMethods returns the methods for which the path of a request has a route, separated
// by commas.
func allowedMethods(c echo.Context) string {
	e := c.Echo()
	probe := e.AcquireContext()
	defer e.ReleaseContext(probe)
	var allowed []string
	for _, method := range methods {
		probe.Reset(c.Request(), nil)
		e.Router().Find(method, echo.GetPath(c.Request()), probe)
		if !slices.Contains(nowhere, probe.Path()) {
			allowed = append(allowed, method)
		}
	}
	return strings.Join(allowed, ", ")
}
