package timakgorm

import (
	"context"
	"sync/atomic"

	"github.com/timak-go/timak/timak"
)

// Page reads a page of the timeline under key, and goes on in the tables where the
// timeline ends: from the place on at which items have fallen off, the page has the rows
// that the rules, or the subscriptions of the key, put there now. The cursors are those of
// Timelines.Page, both ways, and Page.Beyond says how many items came from the tables.
//
// A page that lies on the timeline costs one fetch and asks the database nothing. For the
// others Postgres reads about as many rows as the page has, for each rule of the key and
// each source that it subscribes to, if there is an index on the columns of the rule's
// key=, or of its source=, followed by its date. Where dates are texts, as on SQLite, it
// reads all rows of these.
//
// When items are removed from a full timeline, the relay brings back what fell off its end:
// at once, or, if that is dear, when a sixteenth of its items are wanting. It is dear if one
// change removes items from feeds, or if over 12,000 rows must be read. The relay's role
// must see all rows, and may lock them. Left as they are: feeds whose subscriptions copy
// fewer items than they hold (copy=), timelines that others write past the plugin, and, on
// Postgres, those of a relay that may not use the sequence timak_versions.
//
// If several rows put one item on a timeline, they should have the same date: an item with
// several may be on two pages.
//
// The capacity of the timeline is that of its rules, or else the engine's. A timeline that
// was filled by an earlier release, or by somebody else, does not know that it lacks items
// until Rebuild has seen it. A key that no rule makes has no tables: its pages are those of
// Timelines.Page. The first time that such a page is empty, the log says which keys the rules
// make.
func (p *Plugin) Page(ctx context.Context, key string, query timak.Query) (timak.Page, error) {
	db, err := p.pool()
	if err != nil {
		return timak.Page{}, err
	}
	timelines := p.timelines
	capacity, made := p.beyond.Capacity(key)
	if !made {
		page, err := timelines.Page(ctx, key, query)
		if err == nil && len(page.Items) == 0 {
			p.sayUnmade(ctx, &p.unmade.page, "Page was asked for a key that no rule makes, and found nothing", key)
		}
		return page, err
	}
	timelines = timelines.Bounded(capacity)
	asked := false
	page, err := timelines.PageThrough(ctx, key, query, func(ctx context.Context, r timak.Range) ([]timak.Item, error) {
		asked = true
		return p.beyond.Read(ctx, db, key, timelines.Order(), r)
	})
	if err == nil {
		p.pages.count(asked, page.Beyond)
	}
	return page, err
}

// pages counts what Page has read.
type pages struct{ read, beyond, items atomic.Int64 }

func (c *pages) count(beyond bool, items int) {
	c.read.Add(1)
	c.items.Add(int64(items))
	if beyond {
		c.beyond.Add(1)
	}
}
