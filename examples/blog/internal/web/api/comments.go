package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

type commentJSON struct {
	ID        uint      `json:"id"`
	PostID    uint      `json:"post_id"`
	Author    string    `json:"author"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *api) writeComment(c echo.Context, author blog.User) error {
	post, err := request.ID(c)
	if err != nil {
		return err
	}
	var given struct {
		Body string `json:"body"`
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	if err := a.limits.Write(author); err != nil {
		return err
	}
	made, err := a.blog.Comment(c.Request().Context(), author, post, given.Body)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, commentJSON{
		ID:        made.ID,
		PostID:    made.PostID,
		Author:    made.AuthorName,
		Body:      made.Body,
		CreatedAt: made.CreatedAt.UTC(),
	})
}

func (a *api) deleteComment(c echo.Context, author blog.User) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	if _, err := a.blog.DeleteComment(c.Request().Context(), author, id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
