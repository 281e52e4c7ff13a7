package blog

import (
	"context"
	"encoding/base64"
	"strconv"

	"github.com/timak-go/timak/timak"
)

// DraftPage is a page of an author's drafts, the newest first.
type DraftPage struct {
	Drafts []Summary
	Next   string // the cursor of the next page; empty on the last one
}

// defaultDrafts is how many drafts a page has if the query does not say.
const defaultDrafts = 20

// Drafts reads a page of an author's drafts. They are on no timeline. It returns
// timak.ErrLimit or ErrCursor for a bad query.
func (b *Blog) Drafts(ctx context.Context, author User, query timak.Query) (DraftPage, error) {
	limit := query.Limit
	if limit == 0 {
		limit = defaultDrafts
	}
	if limit < 0 || limit > timak.MaxLimit {
		return DraftPage{}, timak.ErrLimit
	}
	db := b.db.WithContext(ctx).Select(summaryColumns).Where("author_id = ? AND draft AND deleted_at IS NULL", author.ID)
	if query.Cursor != "" {
		last, err := draftOf(query.Cursor)
		if err != nil {
			return DraftPage{}, err
		}
		db = db.Where("id < ?", last)
	}
	var page DraftPage
	err := db.Order("id DESC").Limit(limit + 1).Find(&page.Drafts).Error
	if len(page.Drafts) > limit {
		page.Drafts = page.Drafts[:limit]
		page.Next = draftCursor(page.Drafts[limit-1].ID)
	}
	return page, err
}

// draftCursor returns the cursor of the page after a draft.
func draftCursor(id uint) string {
	return base64.RawURLEncoding.EncodeToString([]byte("drafts " + strconv.FormatUint(uint64(id), 10)))
}

// draftOf returns the id of the draft of a cursor, or ErrCursor.
func draftOf(cursor string) (uint, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(text) <= len("drafts ") {
		return 0, ErrCursor
	}
	id, err := strconv.ParseUint(string(text[len("drafts "):]), 10, 63)
	if err != nil || cursor != draftCursor(uint(id)) {
		return 0, ErrCursor
	}
	return uint(id), nil
}
