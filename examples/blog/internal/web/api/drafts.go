package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

type draftsJSON struct {
	Items []draftJSON `json:"items"`
	Next  string      `json:"next"`
	More  bool        `json:"more"`
}

type draftJSON struct {
	ID        uint      `json:"id"`
	Title     string    `json:"title"`
	Excerpt   string    `json:"excerpt"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *api) drafts(c echo.Context, author blog.User) error {
	q, err := query(c)
	if err != nil {
		return err
	}
	page, err := a.blog.Drafts(c.Request().Context(), author, q)
	if err != nil {
		return err
	}
	answer := draftsJSON{Items: make([]draftJSON, len(page.Drafts)), Next: page.Next, More: page.Next != ""}
	for i, draft := range page.Drafts {
		answer.Items[i] = draftJSON{draft.ID, draft.Title, draft.Excerpt, draft.CreatedAt.UTC()}
	}
	return c.JSON(http.StatusOK, answer)
}
