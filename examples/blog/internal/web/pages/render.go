package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/markdown"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

//go:embed templates
var templateFiles embed.FS

// templates holds the pages by name, each with the layout and the shared parts.
type templates map[string]*template.Template

// view is the data of every template.
type view struct {
	Viewer  *blog.User // nil if not logged in
	CSRF    string     // empty on pages without forms
	Said    string     // what was just done, if anything
	Problem string     // what the reader must correct, if anything
	Field   string     // the field to correct, if it is one in particular
	Page    any        // what the page is about
	Head    head       // what it says of itself to programs
	Base    string     // the URL of this site, without a slash at the end
	Here    string     // the path of this page
}

// head is what a page says of itself to search engines, and to those who show links to it.
// The zero head is that of pages that are not for them.
type head struct {
	Path        string // of the page, wherever it was asked for
	Title       string
	Description string
	Type        string     // in OpenGraph
	Published   *time.Time // nil if it has no date
	Feed        string     // path of the feed of the page's author, if it has one
	FeedTitle   string
}

// parseTemplates panics if a template is broken.
func parseTemplates() templates {
	shared := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"post":     markdown.Post,
		"comment":  markdown.Comment,
		"comments": comments,
		"people":   people,
		"focus":    focus,
		"current":  current,
		"later":    editedLater,
		"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"day":      func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	}).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	parsed := templates{}
	for _, name := range []string{"front", "author", "post", "write", "edit", "delete", "drafts", "home", "people", "account", "settings", "leave", "error"} {
		page := template.Must(shared.Clone())
		parsed[name] = template.Must(page.ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return parsed
}

// render answers with a page, either whole or not at all.
func (t templates) render(c echo.Context, status int, name string, v view) error {
	v.Viewer = viewer(c)
	v.Base, v.Here = request.Base(c), c.Request().URL.Path
	v.CSRF, _ = c.Get(csrfField).(string)
	if v.Said == "" && v.CSRF != "" {
		v.Said = said(c)
	}
	page := bytes.NewBuffer(make([]byte, 0, usualPage))
	if err := t[name].Execute(page, v); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return c.HTMLBlob(status, page.Bytes())
}

// focus returns the attributes of a field: those that give it the focus and the problem, if it
// is the wrong one.
func focus(wrong, field string) template.HTMLAttr {
	if wrong != field {
		return ""
	}
	return `aria-invalid="true" aria-describedby="problem" autofocus`
}

// current returns the attribute of a link to the page that it is on.
func current(here, to string) template.HTMLAttr {
	if here != to {
		return ""
	}
	return ` aria-current="page"`
}

// correction is how long after a post was published lists do not say that it was edited.
const correction = time.Minute

// editedLater reports whether a post was edited after more than a correction. Either date may
// be nil.
func editedLater(published, edited *time.Time) bool {
	return edited != nil && (published == nil || edited.Sub(*published) >= correction)
}

// comments returns a number of comments as text; blog.MaxComments may be more in truth.
func comments(n int) string {
	switch {
	case n >= blog.MaxComments:
		return fmt.Sprintf("%d or more comments", n)
	case n == 1:
		return "1 comment"
	default:
		return fmt.Sprintf("%d comments", n)
	}
}

// usualPage is how large most pages are, in bytes.
const usualPage = 16 << 10

// people returns a number of people as text; blog.MaxPeople may be more in truth.
func people(n int) string {
	if n >= blog.MaxPeople {
		return fmt.Sprintf("%d or more", n)
	}
	return strconv.Itoa(n)
}
