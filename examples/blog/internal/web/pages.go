package web

import (
	"cmp"
	"html/template"
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
	entries   *entries
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

// pageSize is how many posts or comments a page shows.
const pageSize = 10

// list is a page of a timeline.
type list struct {
	Posts        template.HTML
	Newer, Older string // cursors; empty if there is nothing in that direction
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
	ctx := c.Request().Context()
	page, err := p.blog.SitePage(ctx, pageQuery(c))
	if err != nil {
		return err
	}
	posts, err := p.entries.page(ctx, page)
	if err != nil {
		return err
	}
	newer, older := links(page)
	return p.templates.render(c, http.StatusOK, "front", view{
		Page: list{Posts: posts, Newer: newer, Older: older},
		Head: head{Path: "/", Title: "Blog", Description: "The latest posts of all who write here.", Type: "website"},
	})
}

func (p *pages) author(c echo.Context) error {
	ctx := c.Request().Context()
	author, err := p.blog.User(ctx, c.Param("name"))
	if err != nil {
		return err
	}
	page, err := p.blog.AuthorPage(ctx, author, pageQuery(c))
	if err != nil {
		return err
	}
	posts, err := p.entries.page(ctx, page)
	if err != nil {
		return err
	}
	about, err := p.about(c, author)
	if err != nil {
		return err
	}
	about.Posts = posts
	about.Newer, about.Older = links(page)
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

func pageQuery(c echo.Context) timak.Query {
	return timak.Query{Limit: pageSize, Cursor: c.QueryParam("cursor")}
}

// links returns the cursors to link to from a page.
func links(page timak.Page) (newer, older string) {
	if !page.First {
		newer = page.Prev
	}
	if page.More {
		older = page.Next
	}
	return newer, older
}
