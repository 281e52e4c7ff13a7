package feedmix

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"
)

// Fill implements Side.
func (r *Redis) Fill(ctx context.Context) error {
	all, err := read(ctx, r.db, "SELECT id, author_id, created_at, body FROM posts ORDER BY created_at DESC, id DESC")
	if err != nil {
		return err
	}
	byAuthor := map[uint32][]Post{}
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
func (r *Redis) fillHomes(ctx context.Context, byAuthor map[uint32][]Post) (err error) {
	rows, err := r.db.QueryContext(ctx, "SELECT follower_id, author_id FROM follows ORDER BY follower_id")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var last uint32
	var feed []Post
	for rows.Next() {
		var user, author uint32
		if err := rows.Scan(&user, &author); err != nil {
			return err
		}
		if user != last {
			if err := r.fillHome(ctx, last, feed); err != nil {
				return err
			}
			last, feed = user, nil
		}
		feed = append(feed, byAuthor[author]...)
	}
	return errors.Join(rows.Err(), r.fillHome(ctx, last, feed))
}

func (r *Redis) fillHome(ctx context.Context, user uint32, feed []Post) error {
	if len(feed) == 0 {
		return nil
	}
	slices.SortFunc(feed, func(a, b Post) int { return b.At.Compare(a.At) })
	var newest []redis.Z
	for _, post := range feed[:min(len(feed), r.capacity+1)] { // one more, to be trimmed
		newest = append(newest, scored(post))
	}
	return r.addNow(ctx, user, newest)
}
