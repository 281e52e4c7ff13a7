package redisstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
)

var _ driver.Marker = (*Store)(nil)

// A server's history is one stream of writes, in branches. After a restart from a
// snapshot or an append-only file, and on a replica that takes over, its contents are
// those of an earlier moment. Each time a server begins to be a master, and sometimes
// when it gets a replica, it has a new master_replid: then a branch ends at the latest
// mark that is there, and another one begins. So where the end of a branch is, everything
// is that was put before its marks up to there. A mark is a branch and a number.

// markScript sets a mark under KEYS[1]. It returns its branch and number, and what is
// kept (see driver.Kept) of the mark with the branch ARGV[2] and the number ARGV[3].
// ARGV[1] begins the name of the branch that begins now, if one does; the rest is the
// server's: a client that sends the script again may meet another history. A restart
// adds a field of about 33 bytes.
var markScript = redis.NewScript(`
local life = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if not life then
	return redis.error_reply('ERR the server tells no master_replid in INFO replication')
end
local at = redis.call('HMGET', KEYS[1], 'life', 'branch', 'number', 'end:' .. ARGV[2])
local branch, number, kept = at[2], tonumber(at[3] or 0), 0
if ARGV[2] == '' then
	kept = 1
elseif ARGV[2] == branch then
	if tonumber(ARGV[3]) <= number then
		kept = at[1] == life and 2 or 1
	end
elseif tonumber(ARGV[3]) <= tonumber(at[4] or -1) then
	kept = 1
end
if at[1] ~= life then
	if branch then
		redis.call('HSET', KEYS[1], 'end:' .. branch, number)
	end
	branch = ARGV[1] .. string.sub(life, 1, 8)
end
redis.call('HSET', KEYS[1], 'life', life, 'branch', branch, 'number', number + 1)
return {branch, number + 1, kept}`)

// markWord is the last part of the keys of marks. No hash of a timeline has such a key.
const markWord = "marks"

// Mark implements driver.Marker. It is one round trip; on a cluster, one to each
// master at the same time.
func (s *Store) Mark(ctx context.Context, last string) (mark string, kept driver.Kept, err error) {
	a, err := call(ctx, s, func(ctx context.Context) (marked, error) { return s.setMarks(ctx, last) })
	if err != nil {
		return "", driver.Lost, fmt.Errorf("redisstore: mark: %w", err)
	}
	return a.mark, a.kept, nil
}

// marked is the answer of Mark.
type marked struct {
	mark string
	kept driver.Kept
}

// setMarks sets a mark in each history: a cluster's masters have one each. Those marks
// are under keys whose slots lie evenly among all, and go wherever their slots go.
func (s *Store) setMarks(ctx context.Context, last string) (marked, error) {
	keys := []string{s.prefix + markWord}
	if _, ok := s.client.(*redis.ClusterClient); ok {
		keys = keys[:0]
		for _, tag := range slotTags {
			keys = append(keys, s.prefix+markWord+":{"+tag+"}")
		}
	}
	places, branch := placesOf(last, len(keys)), rand.Text()[:12]
	run := func(script func(context.Context, redis.Scripter, []string, ...any) *redis.Cmd) (marked, error) {
		var answers []*redis.Cmd
		_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for n, key := range keys {
				answers = append(answers, script(ctx, pipe, []string{key}, branch, places[n].branch, places[n].number))
			}
			return nil
		})
		if err != nil {
			return marked{}, err
		}
		return readMarks(answers)
	}
	a, err := run(markScript.EvalSha)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		return run(markScript.Eval)
	}
	return a, err
}

// readMarks makes one mark of the answers of all histories, of which the worst counts.
func readMarks(answers []*redis.Cmd) (marked, error) {
	a := marked{kept: driver.KeptAll}
	var places []string
	for _, answer := range answers {
		parts, err := answer.Slice()
		if err != nil || len(parts) != 3 {
			return marked{}, fmt.Errorf("unexpected answer %v of the script: %w", answer, err)
		}
		places = append(places, fmt.Sprint(parts[0], ":", parts[1]))
		kept, _ := parts[2].(int64)
		a.kept = min(a.kept, driver.Kept(kept)) //nolint:gosec // 0 to 2
	}
	a.mark = strings.Join(places, " ")
	return a, nil
}

// place is where a mark is in one history. The zero place is before everything.
type place struct {
	branch string
	number int64
}

// unknownPlace is in no history: no branch has such a name.
var unknownPlace = place{branch: "?"}

// placesOf reads a mark of n histories. One that is not of so many is in none of them.
func placesOf(mark string, n int) []place {
	places := make([]place, n)
	if mark == "" {
		return places
	}
	texts := strings.Split(mark, " ")
	for i := range places {
		places[i] = unknownPlace
		if len(texts) != n {
			continue
		}
		branch, digits, _ := strings.Cut(texts[i], ":")
		if number, err := strconv.ParseInt(digits, 10, 64); err == nil && branch != "" {
			places[i] = place{branch, number}
		}
	}
	return places
}
