package web

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
	"github.com/timak-go/timak/examples/blog/internal/markdown"
	"github.com/timak-go/timak/timak"
)

// feeds serves the newest posts to programs that people read them with.
type feeds struct{ blog *blog.Blog }

func feedRoutes(e *echo.Echo, b *blog.Blog) {
	f := &feeds{b}
	cache := cacheControl("public, max-age=60")
	get(e, "/feed.atom", f.site, cache)
	get(e, "/users/:name/feed.atom", f.author, cache)
}

// authorFeed returns the path of an author's feed.
func authorFeed(name string) string { return "/users/" + name + "/feed.atom" }

// feedSize is how many posts a feed has.
const feedSize = 20

func (f *feeds) site(c echo.Context) error {
	page, err := f.blog.SitePage(c.Request().Context(), timak.Query{Limit: feedSize})
	if err != nil {
		return err
	}
	return f.send(c, newFeed(base(c), "Blog", "/feed.atom", "/", time.Unix(0, 0)), page)
}

func (f *feeds) author(c echo.Context) error {
	ctx := c.Request().Context()
	author, err := f.blog.User(ctx, c.Param("name"))
	if err != nil {
		return err
	}
	page, err := f.blog.AuthorPage(ctx, author, timak.Query{Limit: feedSize})
	if err != nil {
		return err
	}
	return f.send(c, newFeed(base(c), "Posts by "+author.Name, authorFeed(author.Name), "/users/"+author.Name, author.CreatedAt), page)
}

// send answers with a feed, or says that the client has it already.
func (f *feeds) send(c echo.Context, feed *atomFeed, page timak.Page) error {
	body, err := f.fill(c.Request().Context(), feed, page)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	c.Response().Header().Set("ETag", tag)
	if c.Request().Header.Get("If-None-Match") == tag {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, "application/atom+xml; charset=utf-8", body)
}

func (f *feeds) fill(ctx context.Context, feed *atomFeed, page timak.Page) ([]byte, error) {
	posts, err := f.blog.Posts(ctx, page)
	if err != nil {
		return nil, err
	}
	for _, post := range posts {
		feed.add(post)
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if err := xml.NewEncoder(&out).Encode(feed); err != nil {
		return nil, fmt.Errorf("write a feed: %w", err)
	}
	return out.Bytes(), nil
}

// atomFeed is a feed as RFC 4287 has it.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Base    string      `xml:"xml:base,attr"` // of links in the posts
	Title   string      `xml:"title"`
	ID      string      `xml:"id"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	Title     string     `xml:"title"`
	ID        string     `xml:"id"`
	Published string     `xml:"published"`
	Updated   string     `xml:"updated"`
	Author    atomPerson `xml:"author"`
	Link      atomLink   `xml:"link"`
	Content   atomHTML   `xml:"content"`
}

type atomPerson struct {
	Name string `xml:"name"`
	URI  string `xml:"uri"`
}

type atomHTML struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// newFeed returns a feed without posts. self and page are the paths of the feed and of what
// it is the feed of; since is its date while there are no posts.
func newFeed(site, title, self, page string, since time.Time) *atomFeed {
	return &atomFeed{
		Base:    site + "/",
		Title:   title,
		ID:      site + self,
		Updated: atomDate(since),
		Links:   []atomLink{{"self", "application/atom+xml", site + self}, {"alternate", "text/html", site + page}},
	}
}

// add adds a post that was published.
func (f *atomFeed) add(post blog.Post) {
	published := post.CreatedAt
	if post.PublishedAt != nil {
		published = *post.PublishedAt
	}
	updated := published
	if post.EditedAt != nil {
		updated = *post.EditedAt
	}
	url := fmt.Sprintf("%sposts/%d", f.Base, post.ID)
	f.Entries = append(f.Entries, atomEntry{
		Title:     post.Title,
		ID:        url,
		Published: atomDate(published),
		Updated:   atomDate(updated),
		Author:    atomPerson{post.AuthorName, f.Base + "users/" + post.AuthorName},
		Link:      atomLink{"alternate", "text/html", url},
		Content:   atomHTML{"html", string(markdown.Post(post.Body))},
	})
	f.Updated = max(f.Updated, atomDate(updated)) // dates of one zone and length sort as texts
}

func atomDate(t time.Time) string { return t.UTC().Format(time.RFC3339) }
