package redisstore_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

// recorded returns a store under a prefix, what it sends, and a client of its own.
func recorded(t testing.TB, prefix string) (*redisstore.Store, *recorder, *redis.Client) {
	t.Helper()
	client, sent := connect(t, redistest.URL(t)), &recorder{}
	client.AddHook(sent)
	store, err := redisstore.New(t.Context(), client, &redisstore.Options{Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	sent.take()
	return store, sent, connect(t, redistest.URL(t))
}

// beginning returns the only sibling under a key, or its beginning.
func beginning(t testing.TB, store driver.Store, key string, length int) (value string, token driver.Token, whole bool) {
	t.Helper()
	parter, ok := store.(driver.PartGetter)
	if !ok {
		t.Fatalf("%T is no driver.PartGetter", store)
	}
	object, whole, err := parter.GetPart(t.Context(), key, length)
	if err != nil || len(object.Siblings) != 1 {
		t.Fatalf("GetPart(%q, %d): got %d siblings, %v, want 1", key, length, len(object.Siblings), err)
	}
	return string(object.Siblings[0]), object.Token, whole
}

// letters is a text in which no two parts of some bytes are the same.
func letters(size int) string {
	var b strings.Builder
	for n := 0; b.Len() < size; n++ {
		fmt.Fprintf(&b, "%d,", n)
	}
	return b.String()[:size]
}

const kilobyte = 1 << 10

// The first page of a long timeline is one round trip that fetches its beginning.
func TestPageFetchesTheBeginning(t *testing.T) {
	t.Parallel()
	store, sent, _ := recorded(t, redistest.Prefix(t))
	engine := engineOver(store, timak.Options{MaxItems: bench.MaxItems})
	if _, err := engine.Apply(t.Context(), feed, bench.Fill(bench.MaxItems, bench.Post)...); err != nil {
		t.Fatal(err)
	}
	sent.take()
	for range 2 {
		page, err := engine.Page(t.Context(), feed, timak.Query{Limit: 20})
		if err != nil || len(page.Items) != 20 || page.Items[0].ID != bench.Post(bench.MaxItems-1).ID {
			t.Fatalf("got %v, %v", page.Items, err)
		}
		if got := sent.take(); !slices.Equal(got, []string{"hscan"}) {
			t.Errorf("a page sent %q, want one hscan", got)
		}
	}
	if value, token, whole := beginning(t, store, feed, 8*kilobyte); whole || len(value) != 8*kilobyte || token != nil {
		t.Errorf("got %d bytes, whole %t, token %x, want 8,192 bytes of more", len(value), whole, token)
	}
}

// What is asked of the server for the beginnings of values, by their lengths.
func TestPartInOneTrip(t *testing.T) {
	t.Parallel()
	store, sent, _ := recorded(t, redistest.Prefix(t))
	for _, tt := range []struct {
		size, length int
		whole        bool
		sent         []string
	}{
		{0, 1, true, []string{"hscan"}},
		{9 * kilobyte, 10 * kilobyte, true, []string{"hscan"}},
		{9 * kilobyte, 8 * kilobyte, false, []string{"hscan"}},
		{16 * kilobyte, 8 * kilobyte, false, []string{"hscan"}},
		{16 * kilobyte, 16 * kilobyte, true, []string{"hgetall"}},
		{17 * kilobyte, 20 * kilobyte, true, []string{"hgetall"}},
		{32*kilobyte - 1, 16*kilobyte - 1, false, []string{"hscan"}},
		{32 * kilobyte, 16*kilobyte - 1, false, []string{"hscan"}},
		{32 * kilobyte, 16 * kilobyte, true, []string{"hgetall"}},
		{100 * kilobyte, 1, false, []string{"hscan"}},
		{100 * kilobyte, 16*kilobyte + 1, true, []string{"hgetall"}},
		{100 * kilobyte, 200 * kilobyte, true, []string{"hgetall"}},
	} {
		key, value := fmt.Sprint(tt), letters(tt.size)
		put(t, store, key, value, nil)
		sent.take()
		got, token, whole := beginning(t, store, key, tt.length)
		if whole != tt.whole || whole && got != value || !whole && got != value[:tt.length] {
			t.Errorf("%v: got %d bytes, whole %t", tt, len(got), whole)
		}
		if trips := sent.take(); !slices.Equal(trips, tt.sent) {
			t.Errorf("%v: sent %q", tt, trips)
		}
		want(t, store, key, value)
		if whole {
			put(t, store, key, "next", token)
			want(t, store, key, "next")
		}
	}
}

// Values that were stored before long ones were stored in two are read, and replaced with
// all that belongs to them.
func TestValuesOfOneField(t *testing.T) {
	t.Parallel()
	prefix := redistest.Prefix(t)
	store, _, client := recorded(t, prefix)
	long := letters(100 * kilobyte)
	dots := []string{"one dot, old", "another, old"}
	command(t, client, "HSET", prefix+"timeline:k", dots[0], long)
	if got, _, whole := beginning(t, store, "k", 8*kilobyte); whole || got != long[:8*kilobyte] {
		t.Errorf("got %d bytes, whole %t", len(got), whole)
	}
	if got, _, whole := beginning(t, store, "k", 100*kilobyte); !whole || got != long {
		t.Errorf("got %d bytes, whole %t", len(got), whole)
	}
	put(t, store, "k", "beside"+long, nil)
	object, whole, err := store.GetPart(t.Context(), "k", 1)
	if err != nil || whole || len(object.Siblings) != 2 {
		t.Fatalf("of an old value and a new one: got %d siblings, whole %t, %v", len(object.Siblings), whole, err)
	}
	command(t, client, "HSET", prefix+"timeline:k", dots[1], long+long)
	token := put(t, store, "k", "merged"+long, want(t, store, "k", long, "beside"+long, long+long))
	want(t, store, "k", "merged"+long)
	if fields, err := client.HKeys(t.Context(), prefix+"timeline:k").Result(); err != nil || len(fields) != 2 || token == nil {
		t.Errorf("a long value alone: got fields %q, %v, token %x; want 2 and a token", fields, err, token)
	}
	put(t, store, "k", "short", token)
	if fields, err := client.HKeys(t.Context(), prefix+"timeline:k").Result(); err != nil || len(fields) != 1 {
		t.Errorf("a short value alone: got fields %q, %v, want 1", fields, err)
	}
}

// A server looks at a hash of many fields step by step: the first step has not seen all
// beginnings.
func TestPartOfManySiblings(t *testing.T) {
	t.Parallel()
	prefix := redistest.Prefix(t)
	store, _, client := recorded(t, prefix)
	const siblings = 400
	value := letters(100) // so much is never kept in one piece with other fields
	hset := []any{"HSET", prefix + "timeline:k"}
	for i := range siblings {
		dot := fmt.Sprintf("the dot %4d", i)
		hset = append(hset, dot, value, dot+"+", value)
	}
	command(t, client, hset...)
	object, whole, err := store.GetPart(t.Context(), "k", 1)
	if err != nil || !whole || len(object.Siblings) != siblings {
		t.Errorf("got %d siblings, whole %t, %v, want %d", len(object.Siblings), whole, err, siblings)
	}
}

// The end of a value whose beginning is gone is no timeline.
func TestPartOfAnotherKind(t *testing.T) {
	t.Parallel()
	prefix := redistest.Prefix(t)
	store, _, client := recorded(t, prefix)
	put(t, store, "half", letters(100*kilobyte), nil)
	fields, err := client.HKeys(t.Context(), prefix+"timeline:half").Result()
	if err != nil || len(fields) != 2 {
		t.Fatalf("got fields %q, %v, want 2", fields, err)
	}
	command(t, client, "HDEL", prefix+"timeline:half", slices.MinFunc(fields, func(a, b string) int { return len(a) - len(b) }))
	command(t, client, "SET", prefix+"timeline:text", "v")
	command(t, client, "HSET", prefix+"timeline:hash", "field", "v")
	for _, key := range []string{"half", "text", "hash"} {
		_, err := store.Get(t.Context(), key)
		wantErr(t, "Get of "+key, err, redisstore.ErrNotATimeline)
		_, _, err = store.GetPart(t.Context(), key, 1)
		wantErr(t, "GetPart of "+key, err, redisstore.ErrNotATimeline)
	}
}

// Readers beside writers get beginnings of values, and both parts of a value are those of
// one put.
func TestPartsBesideWriters(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.URL(t), &redisstore.Options{Prefix: redistest.Prefix(t)})
	const turns = 60
	text := letters(40 * kilobyte)
	value := func(kind string, n int) string { return fmt.Sprintf("%s %d %s %s %d", kind, n, text, kind, n) }
	token := put(t, store, "k", value("alone", 0), nil)
	var done atomic.Bool
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for !done.Load() {
				object, whole, err := store.GetPart(t.Context(), "k", 1000)
				if err != nil {
					t.Error(err)
					return
				}
				for _, s := range object.Siblings {
					first, n := "", 0
					_, _ = fmt.Sscan(string(s), &first, &n)
					if put := value(first, n); whole && string(s) != put || !whole && (len(s) != 1000 || !strings.HasPrefix(put, string(s))) {
						t.Errorf("whole %t: got %.20q… of %d bytes", whole, s, len(s))
					}
				}
			}
		})
	}
	for n := range turns {
		put(t, store, "k", value("beside", n), nil)
		token = put(t, store, "k", value("alone", n+1), want(t, store, "k", value("alone", n), value("beside", n)))
	}
	done.Store(true)
	readers.Wait()
	put(t, store, "k", "last", token)
	want(t, store, "k", "last")
}
