package pages

import (
	"context"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// entries are posts in lists, as HTML. They change seldom, and to make them took half the
// time of a page: so they are kept, and a list asks the tables only whether they are still
// right. Two generations are kept: one that is looked at belongs to the young, and the ripe
// are dropped together.
type entries struct {
	blog *blog.Blog
	part *template.Template

	mu          sync.RWMutex
	young, ripe map[blog.Stamp]template.HTML
}

// maxEntries bounds the memory of entries: half of them are younger. An entry has some 2 KB.
const maxEntries = 4096

func newEntries(b *blog.Blog, t templates) *entries {
	return &entries{blog: b, part: t["front"].Lookup("entry"), young: map[blog.Stamp]template.HTML{}}
}

// page returns the posts of a page of a timeline, as the tables have them now.
func (e *entries) page(ctx context.Context, page timak.Page) (template.HTML, error) {
	stamps, err := e.blog.Stamps(ctx, page)
	if err != nil {
		return "", err
	}
	if kept, all := e.kept(stamps); all {
		return kept, nil
	}
	posts, err := e.blog.Summaries(ctx, page)
	if err != nil {
		return "", err
	}
	return e.list(posts)
}

// kept returns posts, if all of them are kept.
func (e *entries) kept(stamps []blog.Stamp) (template.HTML, bool) {
	parts, ripe := e.find(stamps)
	if parts == nil {
		return "", false
	}
	if ripe {
		e.mu.Lock()
		for i, stamp := range stamps {
			e.keep(stamp, parts[i])
		}
		e.mu.Unlock()
	}
	var out strings.Builder
	out.Grow(usualPage)
	for _, part := range parts {
		out.WriteString(string(part))
	}
	return template.HTML(out.String()), true //nolint:gosec // the template has escaped it
}

// find returns posts, and whether one of them is ripe; or nil, unless all of them are kept.
func (e *entries) find(stamps []blog.Stamp) (parts []template.HTML, ripe bool) {
	parts = make([]template.HTML, len(stamps))
	e.mu.RLock()
	defer e.mu.RUnlock()
	for i, stamp := range stamps {
		made, there := e.young[stamp]
		if !there {
			if made, there = e.ripe[stamp]; !there {
				return nil, false
			}
			ripe = true
		}
		parts[i] = made
	}
	return parts, ripe
}

// list makes posts, and keeps them.
func (e *entries) list(posts []blog.Summary) (template.HTML, error) {
	var out strings.Builder
	for _, post := range posts {
		begun := out.Len()
		if err := e.part.Execute(&out, post); err != nil {
			return "", fmt.Errorf("render a post: %w", err)
		}
		e.mu.Lock()
		e.keep(post.Stamp(), template.HTML(out.String()[begun:])) //nolint:gosec // the template has escaped it
		e.mu.Unlock()
	}
	return template.HTML(out.String()), nil //nolint:gosec // the template has escaped it
}

// keep keeps a post. The caller holds mu.
func (e *entries) keep(stamp blog.Stamp, made template.HTML) {
	if len(e.young) >= maxEntries/2 {
		e.ripe, e.young = e.young, map[blog.Stamp]template.HTML{}
	}
	e.young[stamp] = made
}
