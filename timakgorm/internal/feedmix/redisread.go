package feedmix

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// Home implements Side. Where the set of a feed ends from which posts have fallen off, it
// goes on by SQL.
func (r *Redis) Home(ctx context.Context, user uint32, cursor string) (Page, error) {
	pipe := r.redis.Pipeline()
	trimmed := pipe.SIsMember(ctx, r.trimmedKey(), user)
	page, err := r.page(ctx, pipe, r.homeKey(user), cursor)
	if err != nil || page.Next != "" || !trimmed.Val() {
		return page, err
	}
	from := cursor
	if n := len(page.Posts); n > 0 {
		from = place(page.Posts[n-1])
	}
	rest, err := pull(ctx, r.db, homeSQL, user, from)
	if err != nil {
		return Page{}, err
	}
	return joined(page.Posts, rest), nil
}

// joined is a page of posts, and of those that follow.
func joined(posts []Post, rest Page) Page {
	posts = append(posts, rest.Posts...)
	if len(posts) > pageLimit {
		return Page{posts[:pageLimit], place(posts[pageLimit-1])}
	}
	return Page{posts, rest.Next}
}

// Author implements Side. The set has all posts of the author.
func (r *Redis) Author(ctx context.Context, author uint32, cursor string) (Page, error) {
	return r.page(ctx, r.redis.Pipeline(), r.authorKey(author), cursor)
}

// page reads a page of a set, in a pipeline, and then the bodies.
func (r *Redis) page(ctx context.Context, pipe redis.Pipeliner, key, cursor string) (Page, error) {
	before, _, err := parsePlace(cursor)
	if err != nil {
		return Page{}, err
	}
	// No two posts have one date. One more than a page says whether another follows.
	below := "(" + strconv.FormatInt(before.UnixMicro(), 10)
	found := pipe.ZRevRangeByScoreWithScores(ctx, key, &redis.ZRangeBy{Min: "-inf", Max: below, Count: pageLimit + 1})
	if _, err := pipe.Exec(ctx); err != nil {
		return Page{}, err
	}
	posts := make([]Post, len(found.Val()))
	for i, z := range found.Val() {
		if posts[i], err = postAt(z); err != nil {
			return Page{}, err
		}
	}
	var page Page
	if page.Posts = posts; len(posts) > pageLimit {
		page = Page{posts[:pageLimit], place(posts[pageLimit-1])}
	}
	page.Posts, err = r.bodies(ctx, page.Posts)
	return page, err
}

// bodies returns the posts with their bodies, without those that have none any more.
func (r *Redis) bodies(ctx context.Context, posts []Post) ([]Post, error) {
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
