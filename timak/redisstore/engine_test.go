package redisstore_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

// feed is the timeline for tests that need only one; each test has its own prefix.
const feed = "brett:tweets"

func engineOver(store *redisstore.Store, opts timak.Options) *timak.Timelines {
	opts.Logger = slog.New(slog.DiscardHandler)
	return timak.New(store, &opts)
}

func item(n int) timak.Item {
	return timak.Item{ID: fmt.Sprint("posts:", n), At: time.UnixMicro(int64(n)).UTC(), Data: fmt.Appendf(nil, `{"n":%d}`, n)}
}

func add(t testing.TB, engine *timak.Timelines, n int) {
	t.Helper()
	if _, err := engine.Add(t.Context(), feed, item(n)); err != nil {
		t.Fatal(err)
	}
}

// Engines of several processes write to one timeline, on a server and on a cluster:
// nothing is lost, and no sibling is left.
func TestEngines(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t *testing.T) string{
		"server":  func(t *testing.T) string { return redistest.URL(t) },
		"cluster": func(t *testing.T) string { return redistest.NewCluster(t).Servers[0].URL() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const engines, each = 6, 15
			address, opts := url(t), &redisstore.Options{Prefix: redistest.Prefix(t)}
			var group sync.WaitGroup
			for e := range engines {
				engine := engineOver(open(t, address, opts), timak.Options{CacheBytes: 1<<20*(e%2) - 1})
				group.Go(func() {
					before := "none" // of this engine alone
					for n := range each {
						next := item(e*each + n)
						results, err := engine.Apply(t.Context(), feed, timak.Put(next), timak.Remove(before))
						before = next.ID
						if err != nil || results[0].Outcome != timak.Applied {
							t.Errorf("engine %d: got %v, %v", e, results, err)
						}
					}
				})
			}
			group.Wait()
			store := open(t, address, opts)
			last := engineOver(store, timak.Options{})
			add(t, last, 1000)
			object, err := store.Get(t.Context(), feed)
			if len(object.Siblings) != 1 || err != nil {
				t.Errorf("got %d siblings, %v, want 1", len(object.Siblings), err)
			}
			got, err := last.Get(t.Context(), feed)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"posts:1000"}
			for e := engines; e > 0; e-- {
				want = append(want, fmt.Sprint("posts:", e*each-1))
			}
			if !slices.Equal(got.IDs(), want) {
				t.Errorf("got %v, want %v", got.IDs(), want)
			}
		})
	}
}

// A process that wrote a timeline last writes it again in one round trip.
func TestWriteInOneTrip(t *testing.T) {
	t.Parallel()
	client := connect(t, redistest.URL(t))
	sent := &recorder{}
	client.AddHook(sent)
	store, err := redisstore.New(t.Context(), client, &redisstore.Options{Prefix: redistest.Prefix(t)})
	if err != nil {
		t.Fatal(err)
	}
	engine := engineOver(store, timak.Options{})
	add(t, engine, 1)
	for n := range 3 {
		sent.take()
		add(t, engine, 2+n)
		if got := sent.take(); !slices.Equal(got, []string{"multi hset hdel hlen exec"}) {
			t.Errorf("add %d sent %q, want one transaction", n, got)
		}
	}
	if _, err := engine.Page(t.Context(), feed, timak.Query{}); err != nil {
		t.Fatal(err)
	}
	if got := sent.take(); !slices.Equal(got, []string{"hscan"}) {
		t.Errorf("a page sent %v, want one hscan", got)
	}
	other := engineOver(store, timak.Options{})
	add(t, other, 10)
	add(t, engine, 11) // its value is old: both stay, and the next write merges them
	add(t, engine, 12)
	got, err := engine.Get(t.Context(), feed)
	if want := "posts:12 posts:11 posts:10 posts:4"; err != nil || !strings.HasPrefix(strings.Join(got.IDs(), " "), want) {
		t.Errorf("got %v, %v, want %s first", got.IDs(), err, want)
	}
}

// A change of a long timeline is one round trip that leaves its value where it is, and a
// first page is one with all additions.
func TestAdditionInOneTrip(t *testing.T) {
	t.Parallel()
	store, sent, _ := recorded(t, redistest.Prefix(t))
	engine := engineOver(store, timak.Options{MaxItems: bench.MaxItems})
	apply := func(ops ...timak.Op) {
		t.Helper()
		if _, err := engine.Apply(t.Context(), feed, ops...); err != nil {
			t.Fatal(err)
		}
	}
	apply(bench.Fill(bench.MaxItems, bench.Post)...)
	if _, err := engine.Page(t.Context(), feed, timak.Query{Limit: 50}); err != nil { // the largest so far
		t.Fatal(err)
	}
	for n := range 17 {
		sent.take()
		apply(timak.Put(bench.Post(bench.MaxItems + n)))
		want := "multi hset hkeys exec"
		if n == 16 {
			want = "multi hset hdel hlen exec"
		}
		if got := sent.take(); !slices.Equal(got, []string{want}) {
			t.Errorf("add %d sent %q, want %s", n, got, want)
		}
		page, err := engine.Page(t.Context(), feed, timak.Query{})
		if err != nil || page.Items[0].ID != bench.Post(bench.MaxItems+n).ID || page.Items[19].ID != bench.Post(bench.MaxItems+n-19).ID {
			t.Errorf("page %d: got %v, %v", n, page.Items, err)
		}
		if got := sent.take(); !slices.Equal(got, []string{"hscan"}) {
			t.Errorf("page %d sent %v, want one hscan", n, got)
		}
	}
}

// What the server has lost, but a writer still knows, is there again after its next write.
func TestLostTimeline(t *testing.T) {
	t.Parallel()
	prefix := redistest.Prefix(t)
	store, _, client := recorded(t, prefix)
	engine := engineOver(store, timak.Options{MaxItems: bench.MaxItems})
	apply := func(ops ...timak.Op) {
		t.Helper()
		if _, err := engine.Apply(t.Context(), feed, ops...); err != nil {
			t.Fatal(err)
		}
	}
	apply(bench.Fill(bench.MaxItems+5, bench.Post)...)
	for n := range 3 {
		if n > 0 {
			apply(timak.Put(bench.Post(bench.MaxItems + 100 + n))) // an addition
		}
		if err := client.Del(t.Context(), prefix+"timeline:"+feed).Err(); err != nil {
			t.Fatal(err)
		}
		apply(timak.Put(bench.Post(bench.MaxItems + 5 + n)))
		got, err := engine.Get(t.Context(), feed)
		if err != nil || got.Len() != bench.MaxItems {
			t.Errorf("time %d: got %d items, %v", n, got.Len(), err)
		}
		entries, err := engine.Entries(t.Context(), feed)
		if _, lacks := entries.Floor(); err != nil || !lacks {
			t.Errorf("time %d: no floor, %v", n, err)
		}
	}
}

// Additions to one timeline make the first pages of others no larger.
func TestFrontOfOthers(t *testing.T) {
	t.Parallel()
	store, sent, _ := recorded(t, redistest.Prefix(t))
	engine := engineOver(store, timak.Options{MaxItems: bench.MaxItems})
	item := func(n int) timak.Item {
		i := bench.Post(n)
		i.Data = slices.Concat(i.Data, bench.Post(n + 311).Data[:100])
		return i
	}
	apply := func(key string, ops ...timak.Op) {
		t.Helper()
		if _, err := engine.Apply(t.Context(), key, ops...); err != nil {
			t.Fatal(err)
		}
	}
	page := func(key string) []string {
		t.Helper()
		sent.take()
		if _, err := engine.Page(t.Context(), key, timak.Query{}); err != nil {
			t.Fatal(err)
		}
		return sent.take()
	}
	for _, key := range []string{feed, "another"} {
		apply(key, bench.Fill(bench.MaxItems, item)...)
		page(key)
	}
	for n := range 16 {
		apply(feed, timak.Put(item(bench.MaxItems+n)))
		if got := page(feed); !slices.Equal(got, []string{"hscan"}) {
			t.Errorf("with %d additions: %v, want one hscan", n+1, got)
		}
	}
	if got := page("another"); !slices.Equal(got, []string{"hscan"}) {
		t.Errorf("another timeline: %v, want one hscan", got)
	}
	// A page that needs all of a value is forgotten.
	if _, err := engine.Page(t.Context(), feed, timak.Query{Limit: 100}); err != nil {
		t.Fatal(err)
	}
	last := []string{}
	for range 5000 {
		last = page("another")
	}
	if !slices.Equal(last, []string{"hscan"}) {
		t.Errorf("another timeline, later: %v, want one hscan", last)
	}
}

// recorder notes the names of the commands that a client sends, by round trips.
type recorder struct {
	mu   sync.Mutex
	sent []string
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

func (r *recorder) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *recorder) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		r.note(cmd)
		return next(ctx, cmd)
	}
}

func (r *recorder) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		r.note(cmds...)
		return next(ctx, cmds)
	}
}

// note keeps what is sent in one round trip.
func (r *recorder) note(cmds ...redis.Cmder) {
	var names []string
	for _, cmd := range cmds {
		names = append(names, cmd.Name())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, strings.Join(names, " "))
}

func ExampleOpen() {
	ctx := context.Background()
	store, err := redisstore.Open(ctx, "redis://localhost:6379", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	timelines := timak.New(store, nil)
	if _, err := timelines.Add(ctx, "brett:tweets", timak.Item{ID: "1", At: time.Now()}); err != nil {
		log.Fatal(err)
	}
}
