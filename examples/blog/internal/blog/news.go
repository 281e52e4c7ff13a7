package blog

import (
	"context"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// MaxNews is the most that News.Count counts to.
const MaxNews = 100

// MaxWatches is how many watches of lists may be open in a process. One takes some 45 KB with
// the connection of its reader.
const MaxWatches = 4000

// ErrWatches is returned by WatchSite and WatchHome while MaxWatches are open.
var ErrWatches = timakgorm.ErrWatches

// News is what has come to a list of posts since a page of it was read.
type News struct {
	Count int    // how many items are newer than the page, up to MaxNews
	More  bool   // more than MaxNews are
	Place string // cursor of the newest that is counted; of the page, if none is
}

// WatchSite watches all authors' posts until ctx ends: the channel says when SiteNews is worth
// a look, as timakgorm's Plugin.Watch does.
func (b *Blog) WatchSite(ctx context.Context) (<-chan string, error) {
	return b.plugin.Watch(ctx, siteKey)
}

// WatchHome watches a user's home, as WatchSite does.
func (b *Blog) WatchHome(ctx context.Context, user User) (<-chan string, error) {
	return b.plugin.Watch(ctx, homeKey(user.ID))
}

// SiteNews returns what is newer than a page of all authors' posts, of which place is the
// Prev; empty if the page was. It returns timak.ErrBadCursor for a place on another list.
func (b *Blog) SiteNews(ctx context.Context, place string) (News, error) {
	return b.news(ctx, siteKey, place)
}

// HomeNews returns what is newer than a page of a user's home, as SiteNews does.
func (b *Blog) HomeNews(ctx context.Context, user User, place string) (News, error) {
	return b.news(ctx, homeKey(user.ID), place)
}

func (b *Blog) news(ctx context.Context, key, place string) (News, error) {
	page, err := b.plugin.Page(ctx, key, timak.Query{Cursor: place, Limit: MaxNews})
	if err != nil || len(page.Items) == 0 {
		return News{Place: place}, err
	}
	more := !page.First
	if place == "" {
		more = page.More
	}
	return News{Count: len(page.Items), More: more, Place: page.Prev}, nil
}
