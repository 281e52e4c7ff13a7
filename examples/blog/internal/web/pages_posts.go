package web

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

func (p *pages) drafts(c echo.Context, author blog.User) error {
	page, err := p.blog.Drafts(c.Request().Context(), author, pageQuery(c))
	if err != nil {
		return err
	}
	return p.templates.render(c, http.StatusOK, "drafts", view{Page: list{Posts: page.Drafts, Older: page.Next}})
}

func (p *pages) writeForm(c echo.Context, _ blog.User) error {
	return p.templates.render(c, http.StatusOK, "write", view{Page: blog.Post{}})
}

func (p *pages) write(c echo.Context, author blog.User) error {
	title, body := c.FormValue("title"), c.FormValue("body")
	post, err := p.blog.Write(c.Request().Context(), author, title, body, c.FormValue("draft") != "")
	if err != nil {
		return p.formAgain(c, "write", blog.Post{Title: title, Body: body}, err)
	}
	return toPost(c, post.ID)
}

func (p *pages) editForm(c echo.Context, author blog.User) error {
	return p.ownPage(c, author, "edit")
}

func (p *pages) edit(c echo.Context, author blog.User) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	title, body := c.FormValue("title"), c.FormValue("body")
	_, err = p.blog.Edit(c.Request().Context(), author, id, blog.PostEdit{Title: &title, Body: &body})
	if err != nil {
		return p.formAgain(c, "edit", blog.Post{ID: id, Title: title, Body: body}, err)
	}
	return toPost(c, id)
}

// setDraft makes a post a draft, or publishes it.
func (p *pages) setDraft(draft bool) func(echo.Context, blog.User) error {
	return func(c echo.Context, author blog.User) error {
		id, err := pathID(c)
		if err != nil {
			return err
		}
		if _, err := p.blog.Edit(c.Request().Context(), author, id, blog.PostEdit{Draft: &draft}); err != nil {
			return err
		}
		return toPost(c, id)
	}
}

func (p *pages) deleteForm(c echo.Context, author blog.User) error {
	return p.ownPage(c, author, "delete")
}

func (p *pages) deletePost(c echo.Context, author blog.User) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := p.blog.DeletePost(c.Request().Context(), author, id); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/users/"+author.Name)
}

// ownPage shows a page about one of the author's posts.
func (p *pages) ownPage(c echo.Context, author blog.User, name string) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	post, err := p.blog.Post(c.Request().Context(), &author, id)
	if err != nil {
		return err
	}
	if post.AuthorID != author.ID {
		return blog.ErrForbidden
	}
	return p.templates.render(c, http.StatusOK, name, view{Page: post})
}

func toPost(c echo.Context, id uint) error {
	return c.Redirect(http.StatusSeeOther, fmt.Sprintf("/posts/%d", id))
}
