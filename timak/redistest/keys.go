package redistest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A prefix is timak_test_<seconds since 1970>_<random>:. The time tells keys that
// were left behind from those in use.
const (
	keyPrefix      = "timak_test_"
	abandonedAfter = 24 * time.Hour // longer than any test runs
)

func newPrefix(now time.Time) string {
	return fmt.Sprintf("%s%d_%s:", keyPrefix, now.Unix(), strings.ToLower(rand.Text()))
}

// abandoned reports whether a key begins with a prefix that newPrefix made more than
// abandonedAfter ago.
func abandoned(key string, now time.Time) bool {
	rest, ours := strings.CutPrefix(key, keyPrefix)
	seconds, random, _ := strings.Cut(rest, "_")
	made, err := strconv.ParseInt(seconds, 10, 64)
	return ours && err == nil && strings.Contains(random, ":") && now.Sub(time.Unix(made, 0)) > abandonedAfter
}

// removeAbandoned removes the keys of test binaries that were killed.
func removeAbandoned(ctx context.Context, url string, now time.Time) error {
	return removeKeys(ctx, url, keyPrefix+"*", func(key string) bool { return abandoned(key, now) })
}

// removeKeys removes the keys that match a pattern and, unless it is nil, the filter.
func removeKeys(ctx context.Context, url, pattern string, filter func(key string) bool) (err error) {
	opts, err := redis.ParseURL(url)
	if err != nil {
		return errURL
	}
	client := redis.NewClient(opts)
	defer func() { err = errors.Join(err, client.Close()) }()
	for keys := client.Scan(ctx, 0, pattern, 1000).Iterator(); ; {
		if !keys.Next(ctx) {
			return keys.Err()
		}
		if filter != nil && !filter(keys.Val()) {
			continue
		}
		if err := client.Unlink(ctx, keys.Val()).Err(); err != nil {
			return err
		}
	}
}

// errURL takes the place of the client's error, which may quote the password.
var errURL = errors.New("redistest: the URL in " + EnvServer +
	" cannot be read: expected redis://user:password@host:port/database")
