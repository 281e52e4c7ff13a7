// Package live tells pages that are open how many posts have come to their list.
package live

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/gather"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
	"github.com/timak-go/timak/examples/blog/internal/web/route"
	"github.com/timak-go/timak/examples/blog/internal/web/session"
)

// live is what all streams of a blog share.
type live struct {
	blog    *blog.Blog
	opts    Options
	log     *slog.Logger
	readers readers
	reads   gather.Reads[newsKey, blog.News]
}

// newsKey says what is newer than which page of whose list.
type newsKey struct {
	owner uint // whose home; 0: the site
	place string
}

// feed is a list whose news a client asks for.
type feed struct {
	owner uint // whose home; 0: the site
	watch func(ctx context.Context) (<-chan string, error)
	news  func(ctx context.Context, place string) (blog.News, error)
	open  func(ctx context.Context) error // ErrSession if the client may not read it any more
}

// news is what a client is told.
type news struct {
	Count int  `json:"count"`
	More  bool `json:"more"` // there are more than these
}

// Routes adds the routes of streams, and of what they would say just now.
func Routes(e *echo.Echo, b *blog.Blog, opts Options, log *slog.Logger) {
	l := &live{blog: b, opts: opts.withDefaults(), log: log}
	fresh := route.CacheControl("no-store") // of each route: a group would answer for paths that do not exist
	for path, of := range map[string]func(echo.Context) (feed, error){sitePath: l.site, homePath: l.home} {
		route.Get(e, path, l.answer(of, l.stream), fresh)
		route.Get(e, path+countPath, l.answer(of, l.count), fresh)
	}
}

// The routes of streams, and what follows in those of counts.
const (
	sitePath  = "/live"
	homePath  = "/home/live"
	countPath = "/count"
)

// Paths are those of all routes.
var Paths = []string{sitePath, homePath, sitePath + countPath, homePath + countPath}

// Endless reports whether a request is for a stream.
func Endless(c echo.Context) bool { return c.Path() == sitePath || c.Path() == homePath }

// answer answers a client with the news of a list. One without a session for it gets a 204,
// after which browsers do not ask again.
func (l *live) answer(of func(echo.Context) (feed, error), with func(echo.Context, feed, string) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		f, err := of(c)
		if err == nil {
			err = with(c, f, c.QueryParam("at"))
		}
		if errors.Is(err, blog.ErrSession) && !c.Response().Committed {
			return c.NoContent(http.StatusNoContent)
		}
		return err
	}
}

func (l *live) site(echo.Context) (feed, error) {
	return feed{
		watch: l.blog.WatchSite,
		news:  l.blog.SiteNews,
		open:  func(context.Context) error { return nil },
	}, nil
}

func (l *live) home(c echo.Context) (feed, error) {
	token, _ := session.Token(c)
	viewer := func(ctx context.Context) (blog.User, error) {
		ctx, cancel := context.WithTimeout(ctx, request.Time)
		defer cancel()
		return l.blog.Viewer(ctx, token)
	}
	user, err := viewer(c.Request().Context())
	return feed{
		owner: user.ID,
		watch: func(ctx context.Context) (<-chan string, error) { return l.blog.WatchHome(ctx, user) },
		news: func(ctx context.Context, place string) (blog.News, error) {
			return l.blog.HomeNews(ctx, user, place)
		},
		open: func(ctx context.Context) error {
			_, err := viewer(ctx)
			return err
		},
	}, err
}

// count answers with what is newer than the page that a place is of.
func (l *live) count(c echo.Context, f feed, place string) error {
	found, err := l.news(c.Request().Context(), f, place)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, told(found))
}

func told(found blog.News) news { return news{Count: found.Count, More: found.More} }

// news reads what is newer than a page. Of all who have the same page, one reads.
func (l *live) news(ctx context.Context, f feed, place string) (blog.News, error) {
	return l.reads.Get(ctx, newsKey{f.owner, place}, func(ctx context.Context) (blog.News, error) {
		ctx, cancel := context.WithTimeout(ctx, request.Time)
		defer cancel()
		return f.news(ctx, place)
	})
}
