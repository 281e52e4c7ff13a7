package sortedsets

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/pull"
)

// Home implements feed.Side. Where the set of a feed ends from which posts have fallen off, it
// goes on by SQL.
func (r *Side) Home(ctx context.Context, user uint32, cursor string) (feed.Page, error) {
	pipe := r.redis.Pipeline()
	trimmed := pipe.SIsMember(ctx, r.trimmedKey(), user)
	page, err := r.page(ctx, pipe, r.homeKey(user), cursor)
	if err != nil || page.Next != "" || !trimmed.Val() {
		return page, err
	}
	from := cursor
	if n := len(page.Posts); n > 0 {
		from = pull.Place(page.Posts[n-1])
	}
	rest, err := pull.Page(ctx, r.DB, pull.HomeSQL, user, from)
	if err != nil {
		return feed.Page{}, err
	}
	return joined(page.Posts, rest), nil
}

// joined is a page of posts, and of those that follow.
func joined(posts []feed.Post, rest feed.Page) feed.Page {
	posts = append(posts, rest.Posts...)
	if len(posts) > feed.PageLimit {
		return feed.Page{Posts: posts[:feed.PageLimit], Next: pull.Place(posts[feed.PageLimit-1])}
	}
	return feed.Page{Posts: posts, Next: rest.Next}
}

// Author implements feed.Side. The set has all posts of the author.
func (r *Side) Author(ctx context.Context, author uint32, cursor string) (feed.Page, error) {
	return r.page(ctx, r.redis.Pipeline(), r.authorKey(author), cursor)
}

// page reads a page of a set, in a pipeline, and then the bodies.
func (r *Side) page(ctx context.Context, pipe redis.Pipeliner, key, cursor string) (feed.Page, error) {
	before, _, err := pull.ParsePlace(cursor)
	if err != nil {
		return feed.Page{}, err
	}
	// No two posts have one date. One more than a page says whether another follows.
	below := "(" + strconv.FormatInt(before.UnixMicro(), 10)
	found := pipe.ZRevRangeByScoreWithScores(ctx, key, &redis.ZRangeBy{Min: "-inf", Max: below, Count: feed.PageLimit + 1})
	if _, err := pipe.Exec(ctx); err != nil {
		return feed.Page{}, err
	}
	posts := make([]feed.Post, len(found.Val()))
	for i, z := range found.Val() {
		if posts[i], err = postAt(z); err != nil {
			return feed.Page{}, err
		}
	}
	var page feed.Page
	if page.Posts = posts; len(posts) > feed.PageLimit {
		page = feed.Page{Posts: posts[:feed.PageLimit], Next: pull.Place(posts[feed.PageLimit-1])}
	}
	page.Posts, err = r.bodies(ctx, page.Posts)
	return page, err
}

// bodies returns the posts with their bodies, without those that have none any more.
func (r *Side) bodies(ctx context.Context, posts []feed.Post) ([]feed.Post, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	keys := make([]string, len(posts))
	for i, post := range posts {
		keys[i] = r.bodyKey(member(post.ID))
	}
	values, err := r.redis.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	kept := posts[:0]
	for i, value := range values {
		if body, there := value.(string); there {
			posts[i].Body = body
			kept = append(kept, posts[i])
		}
	}
	return kept, nil
}
