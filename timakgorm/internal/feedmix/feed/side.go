// Package feed is what a yardstick and the systems that it measures agree on: posts,
// pages, and what a system must do.
package feed

import (
	"context"
	"errors"
)

// PageLimit is how many posts a page has.
const PageLimit = 20

// Page is a part of a feed, the newest posts first.
type Page struct {
	Posts []Post
	Next  string // the cursor of what follows; empty if nothing does
}

// Side is a system that makes home feeds, on a database of its own that has tables and
// rows in it. Each change is committed when its method returns. All methods except Fill
// and Close are called from many goroutines at once.
type Side interface {
	// Fill makes the feeds of the rows that are there.
	Fill(ctx context.Context) error

	// Home returns a page of a user's feed, Author one of an author's own posts.
	// The cursor is Page.Next of another page of the same feed; empty means the newest.
	Home(ctx context.Context, user uint32, cursor string) (Page, error)
	Author(ctx context.Context, author uint32, cursor string) (Page, error)

	Publish(ctx context.Context, post Post) error
	Edit(ctx context.Context, post Post) error
	Delete(ctx context.Context, post Post) error
	Follow(ctx context.Context, user, author uint32) error // may be there already
	Unfollow(ctx context.Context, user, author uint32) error

	// Settle returns when all that was committed is visible.
	Settle(ctx context.Context) error

	// Written returns what was written outside of the database so far.
	Written() Written

	// About says what it is made of, with what bears on its speed.
	About(ctx context.Context) (string, error)

	Close() error
}

// Written counts what a side wrote to its store: values, and the bytes of their keys and
// themselves.
type Written struct{ Writes, Bytes int64 }

// Since returns what was written after before.
func (w Written) Since(before Written) Written {
	return Written{w.Writes - before.Writes, w.Bytes - before.Bytes}
}

// ErrCursor is returned for a cursor that the side has not made.
var ErrCursor = errors.New("feedmix: bad cursor: expected Page.Next of another page")
