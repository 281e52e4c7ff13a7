package feeds

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/markdown"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

// atomFeed is a feed as RFC 4287 has it.
type atomFeed struct {
	tags string // what the ids begin with

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
	Summary   string     `xml:"summary,omitempty"` // as plain text, of a post that is too large
	Content   *atomHTML  `xml:"content,omitempty"`
}

type atomPerson struct {
	Name string `xml:"name"`
	URI  string `xml:"uri"`
}

type atomHTML struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// newFeed returns a feed without posts. id is what the feed is called beside the posts; self
// and page are the paths of the feed and of what it is the feed of; since is its date while
// there are no posts.
func newFeed(c echo.Context, id, title, self, page string, since time.Time) *atomFeed {
	site, tags := request.Base(c), tagsOf(c)
	return &atomFeed{
		tags:    tags,
		Base:    site + "/",
		Title:   title,
		ID:      tags + id,
		Updated: atomDate(since),
		Links:   []atomLink{{"self", "application/atom+xml", site + self}, {"alternate", "text/html", site + page}},
	}
}

// tagsOf returns what tag: URIs of this site begin with: its host, without what may change
// with the way to it.
func tagsOf(c echo.Context) string {
	at := url.URL{Host: c.Request().Host}
	return "tag:" + strings.ToLower(at.Hostname()) + ",2026:"
}

// wholePost is how large a post may be, as it was written and as HTML, to be in a feed as a
// whole: in bytes.
const wholePost = 64 << 10

// content returns a post's text as HTML; nil if it is too large.
func content(post blog.Post) *atomHTML {
	if len(post.Body) > wholePost {
		return nil
	}
	text := string(markdown.Post(post.Body))
	if len(text) > wholePost {
		return nil
	}
	return &atomHTML{"html", text}
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
	name := fmt.Sprintf("posts/%d", post.ID)
	entry := atomEntry{
		Title:     post.Title,
		ID:        f.tags + name,
		Published: atomDate(published),
		Updated:   atomDate(updated),
		Author:    atomPerson{post.AuthorName, f.Base + "users/" + post.AuthorName},
		Link:      atomLink{"alternate", "text/html", f.Base + name},
		Content:   content(post),
	}
	if entry.Content == nil {
		entry.Summary = post.Excerpt
	}
	f.Entries = append(f.Entries, entry)
	f.Updated = max(f.Updated, atomDate(updated)) // dates of one zone and length sort as texts
}

func atomDate(t time.Time) string { return t.UTC().Format(time.RFC3339) }
