package drivertest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/timak-go/timak/timak/driver"
)

// listed returns a test that holds for a store which can list its keys, and that
// asks nothing of others.
func listed(run func(s subject, store driver.Lister)) func(s subject) {
	return func(s subject) {
		if store, ok := s.store.(driver.Lister); ok {
			run(s, store)
		}
	}
}

// keys lists keys, and ends the test when that fails.
func (s subject) keys(store driver.Lister, prefix, after string) []string {
	s.t.Helper()
	var all []string
	for key, err := range store.Keys(s.t.Context(), prefix, after) {
		if err != nil {
			s.t.Fatalf("Keys(%q, %q): %v", prefix, after, err)
		}
		all = append(all, key)
	}
	return all
}

func (s subject) wantKeys(store driver.Lister, prefix, after string, want []string) {
	s.t.Helper()
	if got := s.keys(store, prefix, after); !slices.Equal(got, want) {
		s.t.Errorf("Keys(%q, %q): got %q, want %q", prefix, after, got, want)
	}
}

// listsKeysInOrder lists keys that a careless store would confuse or sort otherwise:
// those with a prefix, and those after a key, whether or not that is there.
func listsKeysInOrder(s subject, store driver.Lister) {
	s.wantKeys(store, s.key, "", nil)
	keys := s.awkwardKeys()
	for _, key := range keys {
		s.at(key).put("of "+key, nil)
		s.at(key).put("beside it", nil)
	}
	slices.Sort(keys)
	s.wantKeys(store, s.key, "", keys)
	for _, key := range keys {
		s.wantKeys(store, key, "", with(key, "", keys))
		for _, after := range []string{key, key + "\x00", key + "x", key[:len(key)-1], "\x00"} {
			s.wantKeys(store, s.key, after, with(s.key, after, keys))
		}
		s.wantKeys(store, key, s.key, with(key, s.key, keys))
	}
	s.wantKeys(store, s.key, s.key+"\xff\xff\xff", nil)
}

// with returns the keys that begin with prefix and come after after.
func with(prefix, after string, keys []string) []string {
	var all []string
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) && (after == "" || key > after) {
			all = append(all, key)
		}
	}
	return all
}

// listsManyKeys lists more keys than a store reads at once. In between it writes to
// the store, and stops and goes on.
func listsManyKeys(s subject, store driver.Lister) {
	const many = 2500
	keys := make([]string, many)
	for i := range keys {
		keys[i] = fmt.Sprintf("%s/%05d", s.key, i)
	}
	s.putAll(keys)
	s.wantKeys(store, s.key, "", keys)
	var got []string
	for after, n := "", 1; len(got) < many; after, n = got[len(got)-1], n*3 {
		part := s.part(store, after, n)
		if len(part) == 0 {
			s.t.Fatalf("Keys ended after %d of %d", len(got), many)
		}
		got = append(got, part...)
	}
	if !slices.Equal(got, keys) {
		s.t.Errorf("Keys in parts: got %d keys, want the %d in order", len(got), many)
	}
}

// part returns n keys, and writes to the store meanwhile: to keys that are listed, and
// to others before and behind them.
func (s subject) part(store driver.Lister, after string, n int) (all []string) {
	s.t.Helper()
	for key, err := range store.Keys(s.t.Context(), s.key+"/", after) {
		if err != nil {
			s.t.Fatalf("Keys: %v", err)
		}
		all = append(all, key)
		if n--; n == 0 {
			break
		}
		if len(all)%500 == 1 {
			s.at(key).put("beside it", nil)
			s.at(s.key+".").put("before", nil)
			s.at(s.key+"0").put("behind", nil)
		}
	}
	return all
}

// listsAgain ranges over one sequence several times: after its end, after a stop in the
// middle, and twice at once. Each range is a listing of its own, of what is there then.
func listsAgain(s subject, store driver.Lister) {
	keys := []string{s.key + "/a", s.key + "/b", s.key + "/c"}
	s.putAll(keys)
	seq := store.Keys(s.t.Context(), s.key, s.key+"/a")
	s.wantRange(seq, keys[1:])
	s.wantRange(seq, keys[1:])
	for key, err := range seq {
		if err != nil || key != keys[1] {
			s.t.Errorf("Keys: got %q and error %v, want %q", key, err, keys[1])
		}
		s.wantRange(seq, keys[1:])
		break
	}
	s.putAll([]string{s.key + "/d"})
	s.wantRange(seq, append(keys[1:], s.key+"/d"))
}

// wantRange ranges over a sequence once.
func (s subject) wantRange(seq iter.Seq2[string, error], want []string) {
	s.t.Helper()
	var got []string
	for key, err := range seq {
		if err != nil {
			s.t.Fatalf("Keys: %v", err)
		}
		got = append(got, key)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("Keys, in a range of many: got %q, want %q", got, want)
	}
}

// putAll writes keys, many at a time.
func (s subject) putAll(keys []string) {
	s.t.Helper()
	var group sync.WaitGroup
	for part := range slices.Chunk(keys, len(keys)/writers+1) {
		group.Go(func() {
			for _, key := range part {
				if _, err := s.store.Put(s.t.Context(), key, []byte("1"), nil); err != nil {
					s.t.Errorf("Put(%q): %v", key, err)
					return
				}
			}
		})
	}
	group.Wait()
}

// listRefusesEndedContext expects the context's error, and nothing after it.
func listRefusesEndedContext(s subject, store driver.Lister) {
	s.put("1", nil)
	cancelled, cancel := context.WithCancel(s.t.Context())
	cancel()
	expired, cancel := context.WithDeadline(s.t.Context(), time.Unix(0, 0))
	defer cancel()
	s.wantListErr(cancelled, store, context.Canceled)
	s.wantListErr(expired, store, context.DeadlineExceeded)
	s.wantKeys(store, s.key, "", []string{s.key})
}

func closedStoreRefusesList(s subject, store driver.Lister) {
	s.put("1", nil)
	s.close()
	s.wantListErr(s.t.Context(), store, driver.ErrClosed)
}

// wantListErr expects an error as the only element.
func (s subject) wantListErr(ctx context.Context, store driver.Lister, want error) {
	s.t.Helper()
	elements := 0
	for key, err := range store.Keys(ctx, s.key, "") {
		elements++
		if key != "" || !errors.Is(err, want) {
			s.t.Errorf("Keys: got %q and error %v, want %v", key, err, want)
		}
	}
	if elements != 1 {
		s.t.Errorf("Keys: got %d elements, want only an error", elements)
	}
}
