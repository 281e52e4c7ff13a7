// Package pages serves people, with HTML.
package pages

import (
	"cmp"
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/markdown"
	"github.com/timak-go/timak/examples/blog/internal/web/feeds"
	"github.com/timak-go/timak/examples/blog/internal/web/limits"
	"github.com/timak-go/timak/examples/blog/internal/web/route"
	"github.com/timak-go/timak/timak"
)

// Pages are the pages of a blog.
type Pages struct {
	blog      *blog.Blog
	templates templates
	limits    *limits.Limits
	lists     *lists
}

// New returns the pages of a blog.
func New(b *blog.Blog, l *limits.Limits) *Pages {
	t := parseTemplates()
	return &Pages{blog: b, templates: t, limits: l, lists: &lists{entries: newEntries(b, t)}}
}

// Routes adds the routes of pages, and of the files that they use.
func (p *Pages) Routes(e *echo.Echo) {
	staticRoutes(e)
	g := e.Group("", route.CacheControl("private, no-cache"), fromHere(), form, csrf(), p.session)
	route.Get(g, "/", p.front)
	route.Get(g, "/users/:name", p.author)
	route.Get(g, "/users/:name/followers", p.people("Followers of", p.blog.Followers))
	route.Get(g, "/users/:name/following", p.people("Authors followed by", p.blog.Following))
	route.Get(g, "/posts/:id", p.post)
	route.Get(g, "/signup", p.accountForm(signUpForm))
	route.Get(g, "/login", p.accountForm(logInForm))
	g.POST("/signup", p.signUp)
	g.POST("/login", p.logIn)
	g.POST("/logout", p.logOut)
	route.Get(g, "/account", p.member(p.settings))
	g.POST("/account", p.member(p.describe))
	g.POST("/account/password", p.member(p.changePassword))
	route.Get(g, "/account/delete", p.member(p.leaveForm))
	g.POST("/account/delete", p.member(p.leave))
	route.Get(g, "/home", p.member(p.home))
	g.POST("/home/seen", p.member(p.markSeen))
	g.POST("/users/:name/follow", p.member(following(p.blog.Follow, "followed")))
	g.POST("/users/:name/unfollow", p.member(following(p.blog.Unfollow, "unfollowed")))
	route.Get(g, "/drafts", p.member(p.drafts))
	route.Get(g, "/write", p.member(p.writeForm))
	g.POST("/write", p.member(p.write))
	route.Get(g, "/posts/:id/edit", p.member(p.editForm))
	g.POST("/posts/:id/edit", p.member(p.edit))
	g.POST("/posts/:id/draft", p.member(p.setDraft(true)))
	g.POST("/posts/:id/publish", p.member(p.setDraft(false)))
	route.Get(g, "/posts/:id/delete", p.member(p.deleteForm))
	g.POST("/posts/:id/delete", p.member(p.deletePost))
	g.POST("/posts/:id/comments", p.member(p.writeComment))
	g.POST("/comments/:id/delete", p.member(p.deleteComment))
}

// Error answers with a page that says what went wrong.
func (p *Pages) Error(c echo.Context, status int, text string) error {
	return p.templates.render(c, status, "error", view{Problem: text, Page: status})
}

// authorPage is a page of an author's posts.
type authorPage struct {
	list

	Author               blog.User
	Mine                 bool // the viewer is Author
	Follows              bool // the viewer follows Author
	Followers, Following int
}

func (p *Pages) front(c echo.Context) error {
	page, err := p.lists.get(c, "site", blog.User{}, p.blog.SitePage)
	if err != nil {
		return err
	}
	return p.templates.render(c, http.StatusOK, "front", view{
		Page: page,
		Head: head{Path: "/", Title: "Blog", Description: "The latest posts of all who write here.", Type: "website"},
	})
}

func (p *Pages) author(c echo.Context) error {
	author, err := p.blog.User(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	page, err := p.lists.get(c, "author", author, func(ctx context.Context, query timak.Query) (timak.Page, error) {
		return p.blog.AuthorPage(ctx, author, query)
	})
	if err != nil {
		return err
	}
	about, err := p.about(c, author)
	if err != nil {
		return err
	}
	about.list = page
	return p.templates.render(c, http.StatusOK, "author", view{Page: about, Head: authorHead(author)})
}

func authorHead(author blog.User) head {
	title := "Posts by " + author.Name
	return head{
		Path:        "/users/" + author.Name,
		Title:       title,
		Description: cmp.Or(markdown.Excerpt(author.About, descriptionLength), title+"."),
		Type:        "profile",
		Feed:        feeds.OfAuthor(author.Name),
		FeedTitle:   title,
	}
}

// descriptionLength is how many characters search engines show.
const descriptionLength = 160
