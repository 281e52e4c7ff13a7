package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
	"github.com/timak-go/timak/timak"
)

type pageJSON struct {
	Items []itemJSON `json:"items"`
	Next  string     `json:"next"`
	Prev  string     `json:"prev"`
	More  bool       `json:"more"`
}

type itemJSON struct {
	ID   string          `json:"id"`
	At   time.Time       `json:"at"`
	Data json.RawMessage `json:"data,omitempty"`
}

func (a *api) timeline(c echo.Context, _ *blog.User) error {
	q, err := query(c)
	if err != nil {
		return err
	}
	page, err := a.blog.SitePage(c.Request().Context(), q)
	return sendPage(c, page, err)
}

func (a *api) authorPosts(c echo.Context, _ *blog.User) error {
	q, err := query(c)
	if err != nil {
		return err
	}
	author, err := a.blog.User(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	page, err := a.blog.AuthorPage(c.Request().Context(), author, q)
	return sendPage(c, page, err)
}

func (a *api) comments(c echo.Context, viewer *blog.User) error {
	q, err := query(c)
	if err != nil {
		return err
	}
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	post, err := a.blog.Post(c.Request().Context(), viewer, id)
	if err != nil {
		return err
	}
	page, err := a.blog.CommentPage(c.Request().Context(), post, q)
	return sendPage(c, page, err)
}

// sendPage answers with a page of a timeline as it is stored; no row is read.
func sendPage(c echo.Context, page timak.Page, err error) error {
	if err != nil {
		return err
	}
	answer := pageJSON{Items: make([]itemJSON, len(page.Items)), Next: page.Next, Prev: page.Prev, More: page.More}
	for i, item := range page.Items {
		answer.Items[i] = itemJSON{ID: item.ID, At: item.At, Data: item.Data}
	}
	return c.JSON(http.StatusOK, answer)
}
