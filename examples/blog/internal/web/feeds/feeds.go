// Package feeds serves the newest posts as Atom, to programs that people read them with.
package feeds

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/gather"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
	"github.com/timak-go/timak/examples/blog/internal/web/route"
	"github.com/timak-go/timak/timak"
)

// feeds are those of a blog. All who ask for a feed at the same time share one read.
type feeds struct {
	blog  *blog.Blog
	reads gather.Reads[feedKey, madeFeed]
}

// feedKey says which feed, and for whom its links are.
type feedKey struct {
	owner uint // whose posts; 0: the site's
	base  string
}

// madeFeed is a feed as it is sent.
type madeFeed struct {
	body []byte
	tag  string // of this body, for HTTP
}

// Routes adds the routes of feeds.
func Routes(e *echo.Echo, b *blog.Blog) {
	f := &feeds{blog: b}
	cache := route.CacheControl("public, max-age=60")
	route.Get(e, "/feed.atom", f.site, cache, vary)
	route.Get(e, "/users/:name/feed.atom", f.author, cache, vary)
}

// vary tells caches which headers the links depend on, besides Host.
func vary(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderVary, "X-Forwarded-Proto, X-Forwarded-Protocol, X-Forwarded-Ssl, X-Url-Scheme")
		return next(c)
	}
}

// OfAuthor returns the path of an author's feed.
func OfAuthor(name string) string { return "/users/" + name + "/feed.atom" }

// feedSize is how many posts a feed has.
const feedSize = 20

func (f *feeds) site(c echo.Context) error {
	feed := newFeed(c, "site", "Blog", "/feed.atom", "/", time.Unix(0, 0))
	return f.send(c, 0, feed, f.blog.SitePage)
}

func (f *feeds) author(c echo.Context) error {
	author, err := f.blog.User(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	self := fmt.Sprintf("users/%d", author.ID) // others may have the name one day
	feed := newFeed(c, self, "Posts by "+author.Name, OfAuthor(author.Name), "/users/"+author.Name, author.CreatedAt)
	return f.send(c, author.ID, feed, func(ctx context.Context, query timak.Query) (timak.Page, error) {
		return f.blog.AuthorPage(ctx, author, query)
	})
}

// send answers with a feed, or says that the client has it already.
func (f *feeds) send(c echo.Context, owner uint, feed *atomFeed, page func(context.Context, timak.Query) (timak.Page, error)) error {
	made, err := f.reads.Get(c.Request().Context(), feedKey{owner, request.Base(c)}, func(ctx context.Context) (madeFeed, error) {
		ctx, cancel := context.WithTimeout(ctx, request.Time)
		defer cancel()
		read, err := page(ctx, timak.Query{Limit: feedSize})
		if err != nil {
			return madeFeed{}, err
		}
		return f.fill(ctx, feed, read)
	})
	if err != nil {
		return err
	}
	c.Response().Header().Set("ETag", made.tag)
	if c.Request().Header.Get("If-None-Match") == made.tag {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, "application/atom+xml; charset=utf-8", made.body)
}

func (f *feeds) fill(ctx context.Context, feed *atomFeed, page timak.Page) (madeFeed, error) {
	posts, err := f.blog.Posts(ctx, page)
	if err != nil {
		return madeFeed{}, err
	}
	for _, post := range posts {
		if err := ctx.Err(); err != nil {
			return madeFeed{}, err
		}
		feed.add(post)
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if err := xml.NewEncoder(&out).Encode(feed); err != nil {
		return madeFeed{}, fmt.Errorf("write a feed: %w", err)
	}
	sum := sha256.Sum256(out.Bytes())
	return madeFeed{out.Bytes(), `"` + hex.EncodeToString(sum[:16]) + `"`}, nil
}
