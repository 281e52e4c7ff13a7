package pages

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

func (p *Pages) drafts(c echo.Context, author blog.User) error {
	page, err := p.blog.Drafts(c.Request().Context(), author, pageQuery(c))
	if err != nil {
		return err
	}
	drafts, err := p.lists.entries.list(page.Drafts)
	if err != nil {
		return err
	}
	return p.templates.render(c, http.StatusOK, "drafts", view{Page: list{Posts: drafts, Older: page.Next}})
}

func (p *Pages) writeForm(c echo.Context, _ blog.User) error {
	return p.templates.render(c, http.StatusOK, "write", view{Page: blog.Post{}})
}

func (p *Pages) write(c echo.Context, author blog.User) error {
	post := blog.Post{Title: c.FormValue("title"), Body: c.FormValue("body")}
	err := p.limits.Write(author)
	if err == nil {
		var made blog.Post
		made, err = p.blog.Write(c.Request().Context(), author, post.Title, post.Body, c.FormValue("draft") != "")
		post.ID, post.Draft = made.ID, made.Draft
	}
	if err != nil {
		return p.formAgain(c, "write", post, err)
	}
	return toPost(c, post.ID, publishedOr(post.Draft))
}

func (p *Pages) editForm(c echo.Context, author blog.User) error {
	return p.ownPage(c, author, "edit")
}

func (p *Pages) edit(c echo.Context, author blog.User) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	title, body := c.FormValue("title"), c.FormValue("body")
	edit := blog.PostEdit{Title: &title, Body: &body, Publish: p.limits.Publish(author)}
	_, err = p.blog.Edit(c.Request().Context(), author, id, edit)
	if err != nil {
		return p.formAgain(c, "edit", blog.Post{ID: id, Title: title, Body: body}, err)
	}
	return toPost(c, id, "saved")
}

// publishedOr is what is said of a post that is published now, or a draft.
func publishedOr(draft bool) word {
	if draft {
		return "draft"
	}
	return "published"
}

// setDraft makes a post a draft, or publishes it.
func (p *Pages) setDraft(draft bool) func(echo.Context, blog.User) error {
	return func(c echo.Context, author blog.User) error {
		id, err := request.ID(c)
		if err != nil {
			return err
		}
		edit := blog.PostEdit{Draft: &draft, Publish: p.limits.Publish(author)}
		if _, err := p.blog.Edit(c.Request().Context(), author, id, edit); err != nil {
			return err
		}
		return toPost(c, id, publishedOr(draft))
	}
}

func (p *Pages) deleteForm(c echo.Context, author blog.User) error {
	return p.ownPage(c, author, "delete")
}

func (p *Pages) deletePost(c echo.Context, author blog.User) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	if err := p.blog.DeletePost(c.Request().Context(), author, id); err != nil {
		return err
	}
	return then(c, "deleted", "/users/"+author.Name)
}

// ownPage shows a page about one of the author's posts.
func (p *Pages) ownPage(c echo.Context, author blog.User, name string) error {
	post, err := p.ownPost(c, author)
	if err != nil {
		return err
	}
	return p.templates.render(c, http.StatusOK, name, view{Page: post})
}

// ownPost returns the post in the path, if it is the author's.
func (p *Pages) ownPost(c echo.Context, author blog.User) (blog.Post, error) {
	id, err := request.ID(c)
	if err != nil {
		return blog.Post{}, err
	}
	post, err := p.blog.Post(c.Request().Context(), &author, id)
	if err == nil && post.AuthorID != author.ID {
		err = blog.ErrForbidden
	}
	return post, err
}

func toPost(c echo.Context, id uint, done word) error {
	return then(c, done, postPath(id))
}

func postPath(id uint) string { return fmt.Sprintf("/posts/%d", id) }
