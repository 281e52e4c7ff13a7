package redisstore

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
)

var _ driver.Marker = (*Store)(nil)

// markScript replaces the mark under KEYS[1], together with the one before that its
// writer has remembered, by the mark ARGV[1], if it knows the mark ARGV[2].
//
// A server's history is one stream of writes. After a restart from a snapshot or an
// append-only file, and on a replica that takes over, its contents are those of an
// earlier moment. So where a mark is, everything is that was put before it.
var markScript = redis.NewScript(`
local known = redis.call('HMGET', KEYS[1], 'mark', 'before')
if ARGV[2] ~= '' and ARGV[2] ~= known[1] and ARGV[2] ~= known[2] then
	return 0
end
redis.call('HSET', KEYS[1], 'mark', ARGV[1], 'before', ARGV[2])
return 1`)

// Mark implements driver.Marker. It is one round trip; on a cluster, one to each
// master at the same time.
func (s *Store) Mark(ctx context.Context, name, last string) (mark string, kept bool, err error) {
	mark = rand.Text()
	kept, err = call(ctx, s, func(ctx context.Context) (bool, error) {
		return s.setMark(ctx, name, mark, last)
	})
	if err != nil {
		return "", false, fmt.Errorf("redisstore: mark %q: %w", name, err)
	}
	if !kept {
		return "", false, nil
	}
	return mark, true, nil
}

func (s *Store) setMark(ctx context.Context, name, mark, last string) (bool, error) {
	if _, ok := s.client.(*redis.ClusterClient); ok {
		return s.setMarks(ctx, name, mark, last)
	}
	return markScript.Run(ctx, s.client, []string{s.prefix + "mark:" + name}, mark, last).Bool()
}

// setMarks sets a mark in every one of the cluster's histories: each master has its
// own. The marks are under keys whose slots lie evenly among all, and go wherever
// their slots go.
func (s *Store) setMarks(ctx context.Context, name, mark, last string) (bool, error) {
	run := func(send func(redis.Pipeliner, []string) *redis.Cmd) (bool, error) {
		pipe := s.client.Pipeline()
		var answers []*redis.Cmd
		for _, tag := range slotTags {
			answers = append(answers, send(pipe, []string{s.prefix + "mark:{" + tag + "}:" + name}))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return false, err
		}
		for _, answer := range answers {
			if kept, err := answer.Bool(); !kept || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	kept, err := run(func(p redis.Pipeliner, keys []string) *redis.Cmd { return markScript.EvalSha(ctx, p, keys, mark, last) })
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		return run(func(p redis.Pipeliner, keys []string) *redis.Cmd { return markScript.Eval(ctx, p, keys, mark, last) })
	}
	return kept, err
}
