// Package api serves programs, with JSON.
package api

import (
	_ "embed"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/limits"
	"github.com/timak-go/timak/examples/blog/internal/web/route"
)

// api serves programs. It identifies callers by their bearer token and ignores
// cookies, so no other site can make a browser act through it.
type api struct {
	blog   *blog.Blog
	limits *limits.Limits
}

// Routes adds the routes of the API.
func Routes(e *echo.Echo, b *blog.Blog, l *limits.Limits) {
	a := &api{blog: b, limits: l}
	g := e.Group("/api", route.CacheControl("no-store"))
	g.POST("/users", a.signUp)
	g.POST("/login", a.logIn)
	g.POST("/logout", a.member(a.logOut))
	route.Get(g, "/users/me", a.member(a.account))
	g.PATCH("/users/me", a.member(a.describe))
	g.PUT("/users/me/password", a.member(a.changePassword))
	g.DELETE("/users/me", a.member(a.deleteAccount))
	g.POST("/posts", a.member(a.writePost))
	route.Get(g, "/posts/:id", a.reader(a.post))
	g.PATCH("/posts/:id", a.member(a.editPost))
	g.DELETE("/posts/:id", a.member(a.deletePost))
	g.POST("/posts/:id/comments", a.member(a.writeComment))
	g.DELETE("/comments/:id", a.member(a.deleteComment))
	g.PUT("/users/:name/follow", a.member(a.follow))
	g.DELETE("/users/:name/follow", a.member(a.unfollow))
	route.Get(g, "/drafts", a.member(a.drafts))
	route.Get(g, "/timeline", a.reader(a.timeline))
	route.Get(g, "/home", a.member(a.home))
	route.Get(g, "/users/:name/posts", a.reader(a.authorPosts))
	route.Get(g, "/users/:name/followers", a.reader(a.people(a.blog.Followers)))
	route.Get(g, "/users/:name/following", a.reader(a.people(a.blog.Following)))
	route.Get(g, "/posts/:id/comments", a.reader(a.comments))
	route.Get(g, "/openapi.yaml", openAPI)
}

//go:embed openapi.yaml
var openAPIText []byte

// openAPI answers with the description of the API.
func openAPI(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", openAPIText)
}

// member returns a handler for callers who are logged in.
func (a *api) member(h func(echo.Context, blog.User) error) echo.HandlerFunc {
	return a.reader(func(c echo.Context, viewer *blog.User) error {
		if viewer == nil {
			return blog.ErrSession
		}
		return h(c, *viewer)
	})
}

// reader returns a handler for all callers; its viewer is nil for those who are not
// logged in. A token without a session is refused even so, so that its holder
// notices.
func (a *api) reader(h func(echo.Context, *blog.User) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Request().Header.Get(echo.HeaderAuthorization)
		if header == "" {
			return h(c, nil)
		}
		viewer, err := a.blog.Viewer(c.Request().Context(), bearerToken(header))
		if err != nil {
			return err
		}
		return h(c, &viewer)
	}
}

// bearerToken returns the token in a header; empty if it holds something else.
func bearerToken(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
