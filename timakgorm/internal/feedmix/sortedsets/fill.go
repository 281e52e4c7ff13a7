package sortedsets

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/tables"
)

// Fill implements feed.Side.
func (r *Side) Fill(ctx context.Context) error {
	all, err := tables.Read(ctx, r.DB, "SELECT id, author_id, created_at, body FROM posts ORDER BY created_at DESC, id DESC")
	if err != nil {
		return err
	}
	byAuthor := map[uint32][]feed.Post{}
	for part := range slices.Chunk(all, pipelined) {
		pipe := r.redis.Pipeline()
		for _, post := range part {
			r.show(ctx, pipe, post)
			byAuthor[post.Author] = append(byAuthor[post.Author], post)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	return r.fillHomes(ctx, byAuthor)
}

// fillHomes fills the feed of each user.
func (r *Side) fillHomes(ctx context.Context, byAuthor map[uint32][]feed.Post) (err error) {
	rows, err := r.DB.QueryContext(ctx, "SELECT follower_id, author_id FROM follows ORDER BY follower_id")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var last uint32
	var posts []feed.Post
	for rows.Next() {
		var user, author uint32
		if err := rows.Scan(&user, &author); err != nil {
			return err
		}
		if user != last {
			if err := r.fillHome(ctx, last, posts); err != nil {
				return err
			}
			last, posts = user, nil
		}
		posts = append(posts, byAuthor[author]...)
	}
	return errors.Join(rows.Err(), r.fillHome(ctx, last, posts))
}

func (r *Side) fillHome(ctx context.Context, user uint32, posts []feed.Post) error {
	if len(posts) == 0 {
		return nil
	}
	slices.SortFunc(posts, func(a, b feed.Post) int { return b.At.Compare(a.At) })
	var newest []redis.Z
	for _, post := range posts[:min(len(posts), r.capacity+1)] { // one more, to be trimmed
		newest = append(newest, scored(post))
	}
	return r.addNow(ctx, user, newest)
}
