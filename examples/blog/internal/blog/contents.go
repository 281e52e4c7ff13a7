package blog

import (
	"context"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
)

// Empty reports whether no row belongs on a timeline.
func (b *Blog) Empty(ctx context.Context) (bool, error) {
	for _, model := range []any{&Post{}, &Comment{}, &Follow{}} {
		if some, err := b.some(ctx, model); some || err != nil {
			return false, err
		}
	}
	return true, nil
}

// Filled reports whether the timelines are filled as far as one can see without comparing
// them: if there are published posts, the site's timeline has some.
func (b *Blog) Filled(ctx context.Context) (bool, error) {
	some, err := b.some(ctx, &Post{}, "NOT draft")
	if err != nil || !some {
		return err == nil, err
	}
	page, err := b.timelines.Page(ctx, siteKey, timak.Query{Limit: 1})
	return len(page.Items) > 0, err
}

func (b *Blog) some(ctx context.Context, model any, where ...any) (bool, error) {
	found := b.db.WithContext(ctx).Model(model).Select("1").Limit(1)
	if len(where) > 0 {
		found = found.Where(where[0], where[1:]...)
	}
	var rows []int
	err := found.Scan(&rows).Error
	return len(rows) > 0, err
}

// keysBatch is how many users, or posts, EachKeys reads at once.
const keysBatch = 500

// EachKeys calls do with the keys of all timelines that pages show, some at a time, whether
// or not any row belongs on them.
func (b *Blog) EachKeys(ctx context.Context, do func(keys []string) error) error {
	if err := do([]string{siteKey}); err != nil {
		return err
	}
	err := eachID(b.db.WithContext(ctx), &User{}, func(ids []uint) error { return do(keysOf(ids, authorKey, homeKey)) })
	if err != nil {
		return err
	}
	return eachID(b.db.WithContext(ctx), &Post{}, func(ids []uint) error { return do(keysOf(ids, commentsKey)) })
}

func keysOf(ids []uint, keys ...func(uint) string) []string {
	var all []string
	for _, id := range ids {
		for _, key := range keys {
			all = append(all, key(id))
		}
	}
	return all
}

// eachID calls do with the ids of all rows of a model, some at a time.
func eachID(db *gorm.DB, model any, do func(ids []uint) error) error {
	for last := uint(0); ; {
		var ids []uint
		err := db.Model(model).Where("id > ?", last).Order("id").Limit(keysBatch).Pluck("id", &ids).Error
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := do(ids); err != nil {
			return err
		}
		last = ids[len(ids)-1]
	}
}
