package sortedsets

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
)

// pipelined is how many feeds are written in one trip.
const pipelined = 500

// add puts posts into a user's feed, and trims it.
func (r *Side) add(ctx context.Context, pipe redis.Pipeliner, user uint32, posts ...redis.Z) (trim *redis.IntCmd) {
	key := r.homeKey(user)
	pipe.ZAdd(ctx, key, posts...)
	r.wrote(key, len(posts)*(len(member(0))+8))
	return pipe.ZRemRangeByRank(ctx, key, 0, int64(-r.capacity-1))
}

func (r *Side) addNow(ctx context.Context, user uint32, posts []redis.Z) error {
	pipe := r.redis.Pipeline()
	trim := r.add(ctx, pipe, user, posts...)
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	return r.noteTrimmed(ctx, []uint32{user}, []*redis.IntCmd{trim})
}

// noteTrimmed notes users from whose feeds posts fell off.
func (r *Side) noteTrimmed(ctx context.Context, users []uint32, trims []*redis.IntCmd) error {
	var trimmed []any
	for i, trim := range trims {
		if trim.Val() > 0 {
			trimmed = append(trimmed, users[i])
		}
	}
	if trimmed == nil {
		return nil
	}
	return r.redis.SAdd(ctx, r.trimmedKey(), trimmed...).Err()
}

// show keeps the body of a post, and puts it among those of its author.
func (r *Side) show(ctx context.Context, pipe redis.Pipeliner, p feed.Post) {
	pipe.Set(ctx, r.bodyKey(member(p.ID)), p.Body, 0)
	r.wrote(r.bodyKey(member(p.ID)), len(p.Body))
	pipe.ZAdd(ctx, r.authorKey(p.Author), scored(p))
	r.wrote(r.authorKey(p.Author), len(member(0))+8)
}

// fanOut shows a new post, and puts it into the feed of each follower.
func (r *Side) fanOut(ctx context.Context, p feed.Post) error {
	followers, err := followersOf(ctx, r.DB, p.Author)
	if err != nil {
		return err
	}
	pipe := r.redis.Pipeline()
	if r.show(ctx, pipe, p); len(followers) == 0 {
		_, err := pipe.Exec(ctx)
		return err
	}
	for users := range slices.Chunk(followers, pipelined) {
		var trims []*redis.IntCmd
		for _, user := range users {
			trims = append(trims, r.add(ctx, pipe, user, scored(p)))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		if err := r.noteTrimmed(ctx, users, trims); err != nil {
			return err
		}
	}
	return nil
}

// takeBack removes a deleted post from the feed of each follower.
func (r *Side) takeBack(ctx context.Context, p feed.Post) error {
	followers, err := followersOf(ctx, r.DB, p.Author)
	if err != nil {
		return err
	}
	id := member(p.ID)
	pipe := r.redis.Pipeline()
	pipe.Del(ctx, r.bodyKey(id))
	r.wrote(r.bodyKey(id), 0)
	keys := []string{r.authorKey(p.Author)}
	for _, user := range followers {
		keys = append(keys, r.homeKey(user))
	}
	for part := range slices.Chunk(keys, pipelined) {
		for _, key := range part {
			pipe.ZRem(ctx, key, id)
			r.wrote(key, len(id))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// subscription copies an author's posts into a user's feed if the user follows the author
// now, and removes them if not.
func (r *Side) subscription(ctx context.Context, user, author uint32) error {
	var follows bool
	err := r.DB.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM follows WHERE follower_id = $1 AND author_id = $2)", user, author).Scan(&follows)
	if err != nil {
		return err
	}
	if !follows {
		return r.removeAuthor(ctx, user, author)
	}
	posts, err := r.redis.ZRevRangeWithScores(ctx, r.authorKey(author), 0, int64(r.capacity-1)).Result()
	if err != nil || len(posts) == 0 {
		return err
	}
	return r.addNow(ctx, user, posts)
}

func (r *Side) removeAuthor(ctx context.Context, user, author uint32) error {
	ids, err := r.redis.ZRange(ctx, r.authorKey(author), 0, -1).Result()
	if err != nil || len(ids) == 0 {
		return err
	}
	members := make([]any, len(ids))
	for i, id := range ids {
		members[i] = id
	}
	r.wrote(r.homeKey(user), len(ids)*len(member(0)))
	return r.redis.ZRem(ctx, r.homeKey(user), members...).Err()
}
