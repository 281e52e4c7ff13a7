package web

import (
	"cmp"
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/markdown"
	"github.com/timak-go/timak/timak"
)

// pages serves people.
type pages struct {
	blog      *blog.Blog
	templates templates
	limits    *limits
	lists     *lists
}

func pageRoutes(e *echo.Echo, p *pages) {
	staticRoutes(e)
	feedRoutes(e, p.blog)
	g := e.Group("", cacheControl("private, no-cache"), fromHere(), form, csrf(), p.session)
	get(g, "/", p.front)
	get(g, "/users/:name", p.author)
	get(g, "/users/:name/followers", p.people("Followers of", p.blog.Followers))
	get(g, "/users/:name/following", p.people("Authors followed by", p.blog.Following))
	get(g, "/posts/:id", p.post)
	get(g, "/signup", p.accountForm(signUpForm))
	get(g, "/login", p.accountForm(logInForm))
	g.POST("/signup", p.signUp)
	g.POST("/login", p.logIn)
	g.POST("/logout", p.logOut)
	get(g, "/account", p.member(p.settings))
	g.POST("/account", p.member(p.describe))
	g.POST("/account/password", p.member(p.changePassword))
	get(g, "/account/delete", p.member(p.leaveForm))
	g.POST("/account/delete", p.member(p.leave))
	get(g, "/home", p.member(p.home))
	g.POST("/home/seen", p.member(p.markSeen))
	g.POST("/users/:name/follow", p.member(following(p.blog.Follow, "followed")))
	g.POST("/users/:name/unfollow", p.member(following(p.blog.Unfollow, "unfollowed")))
	get(g, "/drafts", p.member(p.drafts))
	get(g, "/write", p.member(p.writeForm))
	g.POST("/write", p.member(p.write))
	get(g, "/posts/:id/edit", p.member(p.editForm))
	g.POST("/posts/:id/edit", p.member(p.edit))
	g.POST("/posts/:id/draft", p.member(p.setDraft(true)))
	g.POST("/posts/:id/publish", p.member(p.setDraft(false)))
	get(g, "/posts/:id/delete", p.member(p.deleteForm))
	g.POST("/posts/:id/delete", p.member(p.deletePost))
	g.POST("/posts/:id/comments", p.member(p.writeComment))
	g.POST("/comments/:id/delete", p.member(p.deleteComment))
}

// authorPage is a page of an author's posts.
type authorPage struct {
	list

	Author               blog.User
	Mine                 bool // the viewer is Author
	Follows              bool // the viewer follows Author
	Followers, Following int
}

func (p *pages) front(c echo.Context) error {
	page, err := p.lists.get(c, "site", blog.User{}, p.blog.SitePage)
	if err != nil {
		return err
	}
	return p.templates.render(c, http.StatusOK, "front", view{
		Page: page,
		Head: head{Path: "/", Title: "Blog", Description: "The latest posts of all who write here.", Type: "website"},
	})
}

func (p *pages) author(c echo.Context) error {
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
		Feed:        authorFeed(author.Name),
		FeedTitle:   title,
	}
}

// descriptionLength is how many characters search engines show.
const descriptionLength = 160
