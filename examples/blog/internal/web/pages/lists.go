package pages

import (
	"context"
	"html/template"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/gather"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
	"github.com/timak-go/timak/timak"
)

// pageSize is how many posts or comments a page shows.
const pageSize = 10

// list is a page of a timeline of posts. It is the same for all viewers.
type list struct {
	Posts        template.HTML
	Newer, Older string // cursors; empty if there is nothing in that direction
	Seen         string // the cursor to mark as seen
	Path         string // of the list; empty: that of the page that shows it
}

// lists reads pages of timelines of posts. All who ask for the same page at the same time
// share one read, which begins after they have asked.
type lists struct {
	entries *entries
	reads   gather.Reads[listKey, list]
}

// listKey says which page of which timeline.
type listKey struct {
	kind   string
	owner  uint // whose timeline it is; 0: the site's
	cursor string
}

// get returns the page that a request asks for.
func (l *lists) get(c echo.Context, kind string, owner blog.User, page func(context.Context, timak.Query) (timak.Page, error)) (list, error) {
	query := pageQuery(c)
	return l.reads.Get(c.Request().Context(), listKey{kind, owner.ID, query.Cursor}, func(ctx context.Context) (list, error) {
		ctx, cancel := context.WithTimeout(ctx, request.Time)
		defer cancel()
		read, err := page(ctx, query)
		if err != nil {
			return list{}, err
		}
		posts, err := l.entries.page(ctx, read)
		if err != nil {
			return list{}, err
		}
		made := list{Posts: posts, Seen: read.Prev}
		made.Newer, made.Older = links(read)
		return made, nil
	})
}

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
