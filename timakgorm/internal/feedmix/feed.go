package feedmix

import "context"

// pageOf reads the page of a feed that a cursor names.
type pageOf func(ctx context.Context, cursor string) (Page, error)

func homeOf(side Side, user uint32) pageOf {
	return func(ctx context.Context, cursor string) (Page, error) { return side.Home(ctx, user, cursor) }
}

func authorOf(side Side, author uint32) pageOf {
	return func(ctx context.Context, cursor string) (Page, error) { return side.Author(ctx, author, cursor) }
}

// walk reads one page after the other while each wants it. It stops at the end.
func (read pageOf) walk(ctx context.Context, each func(page Page) (more bool)) error {
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
