// Package sortedsets makes home feeds by a fan-out to sorted sets of Redis.
package sortedsets

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/tables"
)

// Side is a side that fans out to sorted sets: one of ids for each user's feed and each
// author's posts, scored by date, and the bodies once, under the ids. The tables are
// written first. Then workers do the rest; what is left when the process dies is lost.
//
// Nothing but its own keys is touched.
type Side struct {
	tables.Writer

	redis    *redis.Client
	prefix   string // of all keys
	capacity int
	fans     *fans

	writes, bytes atomic.Int64
}

// New opens the database, and the Redis server at an address.
func New(ctx context.Context, dsn, url string, capacity int) (*Side, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("feedmix: the URL of Redis: expected redis://host:port, or rediss://…")
	}
	options.PoolSize = tables.Connections
	db, err := tables.Open(dsn)
	if err != nil {
		return nil, err
	}
	r := &Side{Writer: tables.Writer{DB: db}, prefix: "feedmix:" + rand.Text() + ":", capacity: capacity}
	r.redis = redis.NewClient(options)
	if err := r.redis.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("feedmix: Redis at %s: %w", options.Addr, err), r.redis.Close(), db.Close())
	}
	r.fans = startFans()
	return r, nil
}

func (r *Side) homeKey(user uint32) string     { return r.prefix + fmt.Sprint("home:", user) }
func (r *Side) authorKey(author uint32) string { return r.prefix + fmt.Sprint("author:", author) }
func (r *Side) bodyKey(member string) string   { return r.prefix + "body:" + member }

// trimmedKey is a set of the users from whose feeds posts have fallen off.
func (r *Side) trimmedKey() string { return r.prefix + "trimmed" }

// member is an id as it is kept: of one length, so that those of one date are in order.
func member(id uint64) string { return fmt.Sprintf("%020d", id) }

// scored is a post's place in a set. A float64 holds microseconds exactly up to 2255.
func scored(p feed.Post) redis.Z {
	return redis.Z{Score: float64(p.At.UnixMicro()), Member: member(p.ID)}
}

func postAt(z redis.Z) (feed.Post, error) {
	id, err := strconv.ParseUint(z.Member.(string), 10, 64)
	return feed.Post{ID: id, At: time.UnixMicro(int64(z.Score)).UTC()}, err
}

// wrote counts the write of a value.
func (r *Side) wrote(key string, bytes int) {
	r.writes.Add(1)
	r.bytes.Add(int64(len(key) + bytes))
}

// Publish implements feed.Side.
func (r *Side) Publish(ctx context.Context, p feed.Post) error {
	return r.then(p.Author, r.Writer.Publish(ctx, p), func(ctx context.Context) error { return r.fanOut(ctx, p) })
}

// Edit implements feed.Side.
func (r *Side) Edit(ctx context.Context, p feed.Post) error {
	return r.then(p.Author, r.Writer.Edit(ctx, p), func(ctx context.Context) error {
		r.wrote(r.bodyKey(member(p.ID)), len(p.Body))
		return r.redis.SetXX(ctx, r.bodyKey(member(p.ID)), p.Body, 0).Err()
	})
}

// Delete implements feed.Side.
func (r *Side) Delete(ctx context.Context, p feed.Post) error {
	return r.then(p.Author, r.Writer.Delete(ctx, p), func(ctx context.Context) error { return r.takeBack(ctx, p) })
}

// Follow implements feed.Side.
func (r *Side) Follow(ctx context.Context, user, author uint32) error {
	return r.then(author, r.Writer.Follow(ctx, user, author), func(ctx context.Context) error { return r.subscription(ctx, user, author) })
}

// Unfollow implements feed.Side.
func (r *Side) Unfollow(ctx context.Context, user, author uint32) error {
	return r.then(author, r.Writer.Unfollow(ctx, user, author), func(ctx context.Context) error { return r.subscription(ctx, user, author) })
}

// then leaves the rest of a change that was committed to the worker of an author.
func (r *Side) then(author uint32, committed error, rest func(ctx context.Context) error) error {
	if committed == nil {
		r.fans.do(author, rest)
	}
	return committed
}

// Settle implements feed.Side.
func (r *Side) Settle(context.Context) error { return r.fans.settle() }

// Written implements feed.Side.
func (r *Side) Written() feed.Written {
	return feed.Written{Writes: r.writes.Load(), Bytes: r.bytes.Load()}
}

// About implements feed.Side.
func (r *Side) About(ctx context.Context) (string, error) {
	info, err := r.redis.InfoMap(ctx, "server", "persistence").Result()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Redis %s, append-only file %s", info["Server"]["redis_version"], onOff[info["Persistence"]["aof_enabled"] == "1"]), nil
}

var onOff = map[bool]string{true: "on", false: "off"}

// Close implements feed.Side. It removes the keys.
func (r *Side) Close() error {
	ctx := context.Background()
	err := r.fans.close()
	keys := r.redis.Scan(ctx, 0, r.prefix+"*", 1000).Iterator()
	var batch []string
	for keys.Next(ctx) {
		if batch = append(batch, keys.Val()); len(batch) == 1000 {
			err = errors.Join(err, r.redis.Unlink(ctx, batch...).Err())
			batch = batch[:0]
		}
	}
	if len(batch) > 0 {
		err = errors.Join(err, r.redis.Unlink(ctx, batch...).Err())
	}
	return errors.Join(err, keys.Err(), r.redis.Close(), r.DB.Close())
}

// followersOf returns who follows an author now.
func followersOf(ctx context.Context, db *sql.DB, author uint32) (users []uint32, err error) {
	rows, err := db.QueryContext(ctx, "SELECT follower_id FROM follows WHERE author_id = $1", author)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var user uint32
		if err := rows.Scan(&user); err != nil {
			return nil, err
		}
		users = append(users, user)
	}
	return users, rows.Err()
}
