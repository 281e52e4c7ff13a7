// Package request reads what handlers ask of a request.
package request

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// Time is how long a request may take. Tests on a busy machine set a longer one, before any
// is served.
var Time = 10 * time.Second

// ID returns the number in the path, or ErrNotFound if it is not a number.
func ID(c echo.Context) (uint, error) {
	n, err := strconv.ParseUint(c.Param("id"), 10, 63)
	if err != nil {
		return 0, blog.ErrNotFound
	}
	return uint(n), nil
}

// Base returns the URL by which a client knows this site, without a slash at the end.
func Base(c echo.Context) string { return c.Scheme() + "://" + c.Request().Host }

// Secure reports whether the client's connection is encrypted. It trusts the proxy's header:
// a client that forges it only makes its own cookies Secure.
func Secure(c echo.Context) bool { return c.Scheme() == "https" }

// Network returns what identifies a client: its address, or for IPv6 the network from which
// it may choose addresses.
func Network(c echo.Context) string {
	ip := c.RealIP()
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ip
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
