// Package route adds routes as all parts of the site do.
package route

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Routes are an *echo.Echo, or a group of its routes.
type Routes interface {
	Match(methods []string, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) []*echo.Route
}

// Get routes GET requests, and HEAD requests for only the headers.
func Get(r Routes, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) {
	r.Match([]string{http.MethodGet, http.MethodHead}, path, h, m...)
}

// CacheControl tells browsers and proxies what they may cache.
func CacheControl(value string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderCacheControl, value)
			return next(c)
		}
	}
}
