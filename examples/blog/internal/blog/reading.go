package blog

import (
	"context"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// SitePage reads a page of all authors' posts.
func (b *Blog) SitePage(ctx context.Context, query timak.Query) (timak.Page, error) {
	return b.plugin.Page(ctx, siteKey, query)
}

// AuthorPage reads a page of an author's posts.
func (b *Blog) AuthorPage(ctx context.Context, author User, query timak.Query) (timak.Page, error) {
	return b.plugin.Page(ctx, authorKey(author.ID), query)
}

// HomePage reads a page of what a user has written, and the authors whom the user
// follows.
func (b *Blog) HomePage(ctx context.Context, user User, query timak.Query) (timak.Page, error) {
	return b.plugin.Page(ctx, homeKey(user.ID), query)
}

// MaxUnread is the most that Unread counts to.
const MaxUnread = 100

// Unread returns how many items of a user's home are newer than what the user has seen,
// up to MaxUnread.
func (b *Blog) Unread(ctx context.Context, user User) (int, error) {
	return b.timelines.Unread(ctx, homeKey(user.ID), MaxUnread)
}

// MarkSeen notes that a user has seen the page of the home that a cursor is Page.Prev of,
// and all that is older.
func (b *Blog) MarkSeen(ctx context.Context, user User, cursor string) error {
	return b.timelines.MarkSeen(ctx, homeKey(user.ID), cursor)
}

// CommentPage reads a page of the comments under a post.
func (b *Blog) CommentPage(ctx context.Context, post Post, query timak.Query) (timak.Page, error) {
	return b.plugin.Page(ctx, commentsKey(post.ID), query)
}

// Comments returns the comments of a page in its order.
func (b *Blog) Comments(ctx context.Context, page timak.Page) ([]Comment, error) {
	return timakgorm.Load[Comment](ctx, b.db, page)
}
