package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/secret"
)

// errRedis shows nothing of the text, which may hold a password.
var errRedis = errors.New("the address of Redis is not valid: expected host:port, or a URL such as redis://user:password@host:port/database")

// ParseRedis returns the URL of a Redis that is given as host:port, or as a URL, which is
// checked when the store is opened. An empty text is an empty URL.
func ParseRedis(text string) (secret.Text, error) {
	if text == "" || strings.Contains(text, "://") {
		return secret.New(text), nil
	}
	if CheckAddress(text) != nil || strings.ContainsAny(text, "@/?#% ,") {
		return secret.Text{}, errRedis
	}
	return secret.New("redis://" + text), nil
}

// redisPause is how long to wait before the next try to reach Redis.
const redisPause = 250 * time.Millisecond

// openRedis opens the timelines on a Redis. One that does not answer, as it may be
// starting, is given up after RedisWait.
func openRedis(ctx context.Context, c Config) (driver.Store, error) {
	waiting, cancel := context.WithTimeoutCause(ctx, c.RedisWait, fmt.Errorf("not done within %v", c.RedisWait))
	defer cancel()
	var last error
	for {
		store, err := redisstore.Open(waiting, c.Redis.Reveal(), nil)
		switch {
		case err == nil:
			return store, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case waiting.Err() != nil:
			return nil, fmt.Errorf("reach Redis: %w", cmp.Or(last, err))
		case !errors.Is(err, driver.ErrUnavailable):
			return nil, fmt.Errorf("open the timelines: %w", err)
		}
		last = err
		select {
		case <-waiting.Done():
		case <-time.After(redisPause):
		}
	}
}
