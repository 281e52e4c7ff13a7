package redisstore

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/keys"
)

var _ driver.Lister = (*Store)(nil)

// Keys returns the keys that begin with prefix and come after the key after, in order;
// see driver.Lister. Redis has no order of keys, so each part of the listing reads all
// names of the server, or of every master, and keeps the first ones in order: 8 MB of
// them, and up to as much again meanwhile. A million keys of 20 bytes take seven parts.
//
// It returns driver.ErrUnavailable if a server is restarted or replaced meanwhile, or
// slots of a cluster move: names could then be missed.
func (s *Store) Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { keys.List(prefix, after, s.parts(ctx, prefix))(yield) }
}

// parts returns the parts of one listing, and none after the one that had room for all.
func (s *Store) parts(ctx context.Context, prefix string) func(from string) ([]string, error) {
	complete := false
	return func(from string) (names []string, err error) {
		if complete {
			return nil, nil
		}
		part, err := call(ctx, s, func(ctx context.Context) (*first, error) { return s.scan(ctx, prefix, from) })
		if err != nil {
			return nil, fmt.Errorf("redisstore: list %q: %w", prefix, err)
		}
		names, complete = part.take()
		return names, nil
	}
}

// scan returns the first names from a place on, of all servers.
func (s *Store) scan(ctx context.Context, prefix, from string) (*first, error) {
	part := &first{from: from, room: s.room}
	pattern := literal(s.key(prefix)) + "*"
	scan := func(ctx context.Context, server *redis.Client) error {
		return scanServer(ctx, server, pattern, func(names []string) {
			for i := range names {
				names[i] = strings.TrimPrefix(names[i], s.key(""))
			}
			part.add(names)
		})
	}
	switch c := s.client.(type) {
	case *redis.ClusterClient:
		return part, scanCluster(ctx, c, scan)
	case *redis.Client:
		return part, scanSteady(ctx, c, runOf, scan)
	default:
		return nil, checkClient(c) // New has refused it
	}
}

// scanServer reads all names of a server that match a pattern; some may come twice.
func scanServer(ctx context.Context, server *redis.Client, pattern string, add func(names []string)) error {
	for cursor := uint64(0); ; {
		names, next, err := server.Scan(ctx, cursor, pattern, keys.PageLen).Result()
		if err != nil {
			return err
		}
		add(names)
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// literal returns the pattern of a text, in which *, ?, [, ] and \ mean themselves.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}

// listRoom is how many bytes of names a part of a listing holds, with nameOverhead, which
// is about what a name takes besides its bytes.
const (
	listRoom     = 8 << 20
	nameOverhead = 32
)

// first keeps the first names, in order, from a place on. Any number of goroutines may
// add to it.
type first struct {
	from string
	room int // bytes

	mu    sync.Mutex
	names []string
	used  int    // bytes
	end   string // the first name that had no room; empty if there is none
}

func (f *first) add(names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		if name >= f.from && (f.end == "" || name < f.end) {
			f.names = append(f.names, name)
			f.used += len(name) + nameOverhead
		}
	}
	if f.used > 2*f.room {
		f.narrow()
	}
}

// narrow puts the names in order and drops the last ones, for which there is no room.
func (f *first) narrow() {
	slices.Sort(f.names)
	f.names = slices.Compact(f.names)
	f.used = 0
	for i, name := range f.names {
		if f.used += len(name) + nameOverhead; f.used > f.room && i > 0 {
			f.used -= len(name) + nameOverhead
			f.end = strings.Clone(name)
			clear(f.names[i:])
			f.names = f.names[:i]
			return
		}
	}
}

// take returns the names, and whether they are all.
func (f *first) take() (names []string, all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.narrow()
	return f.names, f.end == ""
}
