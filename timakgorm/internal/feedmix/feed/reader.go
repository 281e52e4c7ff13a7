package feed

import "context"

// Reader reads the page of a feed that a cursor names.
type Reader func(ctx context.Context, cursor string) (Page, error)

// HomeOf returns the reader of a user's feed.
func HomeOf(side Side, user uint32) Reader {
	return func(ctx context.Context, cursor string) (Page, error) { return side.Home(ctx, user, cursor) }
}

// AuthorOf returns the reader of an author's own posts.
func AuthorOf(side Side, author uint32) Reader {
	return func(ctx context.Context, cursor string) (Page, error) { return side.Author(ctx, author, cursor) }
}

// Walk reads one page after the other while each wants it. It stops at the end.
func (read Reader) Walk(ctx context.Context, each func(page Page) (more bool)) error {
	for cursor := ""; ; {
		page, err := read(ctx, cursor)
		if err != nil {
			return err
		}
		if !each(page) || page.Next == "" {
			return nil
		}
		cursor = page.Next
	}
}
