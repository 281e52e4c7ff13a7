package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

type postJSON struct {
	ID        uint      `json:"id"`
	Author    string    `json:"author"`
	Title     string    `json:"title"`
	Body      string    `json:"body"`
	Draft     bool      `json:"draft"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	PublishedAt *time.Time `json:"published_at"` // null: never
	EditedAt    *time.Time `json:"edited_at"`    // null: never
}

func (a *api) post(c echo.Context, viewer *blog.User) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	post, err := a.blog.Post(c.Request().Context(), viewer, id)
	return sendPost(c, http.StatusOK, post, err)
}

func (a *api) writePost(c echo.Context, author blog.User) error {
	var given struct {
		Title string `json:"title"`
		Body  string `json:"body"`
		Draft bool   `json:"draft"`
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	if err := a.limits.Write(author); err != nil {
		return err
	}
	post, err := a.blog.Write(c.Request().Context(), author, given.Title, given.Body, given.Draft)
	return sendPost(c, http.StatusCreated, post, err)
}

func (a *api) editPost(c echo.Context, author blog.User) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	var given struct {
		Title *string `json:"title"`
		Body  *string `json:"body"`
		Draft *bool   `json:"draft"`
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	edit := blog.PostEdit{Title: given.Title, Body: given.Body, Draft: given.Draft, Publish: a.limits.Publish(author)}
	post, err := a.blog.Edit(c.Request().Context(), author, id, edit)
	return sendPost(c, http.StatusOK, post, err)
}

func (a *api) deletePost(c echo.Context, author blog.User) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	if err := a.blog.DeletePost(c.Request().Context(), author, id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func sendPost(c echo.Context, status int, p blog.Post, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(status, postJSON{
		ID:        p.ID,
		Author:    p.AuthorName,
		Title:     p.Title,
		Body:      p.Body,
		Draft:     p.Draft,
		CreatedAt: p.CreatedAt.UTC(),
		UpdatedAt: p.UpdatedAt.UTC(),

		PublishedAt: inUTC(p.PublishedAt),
		EditedAt:    inUTC(p.EditedAt),
	})
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}
