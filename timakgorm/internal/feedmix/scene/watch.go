package scene

import (
	"context"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
)

const (
	watchPatience = time.Minute // then a post counts as not seen
	watchEvery    = time.Millisecond
)

// watch returns how long after its commit a post was visible to a user: the time at which
// the first read began that showed it. Reads come every millisecond at first, and then
// after a tenth of the time that has passed, so that they are few, and no more than that
// is measured too much. It gives up after a minute.
func watch(ctx context.Context, side feed.Side, user uint32, post feed.Post, committed time.Time) (took time.Duration, seen bool, err error) {
	for {
		began := time.Since(committed)
		seen, err := sees(ctx, side, user, post)
		if err != nil || seen || began > watchPatience {
			return began, seen, err
		}
		select {
		case <-ctx.Done():
			return began, false, context.Cause(ctx)
		case <-time.After(max(watchEvery, began/10)):
		}
	}
}

// sees reports whether a user's feed shows a post. It reads as far as posts are newer.
func sees(ctx context.Context, side feed.Side, user uint32, post feed.Post) (seen bool, err error) {
	err = feed.HomeOf(side, user).Walk(ctx, func(page feed.Page) bool {
		for _, p := range page.Posts {
			if p.ID == post.ID {
				seen = true
			}
			if !p.At.After(post.At) {
				return false
			}
		}
		return true
	})
	return seen, err
}
