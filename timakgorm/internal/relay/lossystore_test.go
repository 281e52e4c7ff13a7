package relay_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// journal is a log that a test may read while it is written.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

// count returns how many lines hold all of some words.
func (j *journal) count(words ...string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
lines:
	for line := range strings.Lines(j.text.String()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue lines
			}
		}
		n++
	}
	return n
}

// tell shows the log if the test fails.
func (j *journal) tell(t testing.TB) {
	t.Cleanup(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		if t.Failed() {
			t.Log(&j.text)
		}
	})
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// hooked is a Redis store with something that happens before it is asked for a mark.
type hooked struct {
	*redisstore.Store

	refuse atomic.Bool // all puts

	mu     sync.Mutex
	before func() error
}

// next sets what happens before the next mark.
func (h *hooked) next(before func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before = before
}

// Mark implements driver.Marker.
func (h *hooked) Mark(ctx context.Context, last string) (string, driver.Kept, error) {
	h.mu.Lock()
	before := h.before
	h.before = nil
	h.mu.Unlock()
	if before != nil {
		if err := before(); err != nil {
			return "", driver.Lost, err
		}
	}
	return h.Store.Mark(ctx, last)
}

// Put implements driver.Store.
func (h *hooked) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	if h.refuse.Load() {
		return nil, driver.ErrTooLarge
	}
	return h.Store.Put(ctx, key, value, token)
}

func openRedis(t testing.TB, server *redistest.Server) *hooked {
	t.Helper()
	store, err := redisstore.Open(t.Context(), server.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &hooked{Store: store}
}

// killAndStart takes a server's memory away.
func killAndStart(t testing.TB, server *redistest.Server) {
	t.Helper()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// redisWorld is a world whose timelines are in a Redis server.
func redisWorld(t *testing.T, dialect string, options *timakgorm.Options, settings ...string) (*world.World, *redistest.Server, *hooked) {
	t.Helper()
	server := redistest.NewServer(t, settings...)
	store := openRedis(t, server)
	return world.New(t, world.Setup{Dialect: dialect, Store: store, Options: options}), server, store
}

// uncached is an engine that does not bring back what the store has lost.
var uncached = timak.Options{CacheBytes: -1}

// beside opens the same database with a store of its own, as another process would.
func beside(w *world.World, store driver.Store, options *timakgorm.Options) *world.World {
	w.Helper()
	other := &world.World{TB: w.TB, Dialect: w.Dialect, DSN: w.DSN, Timelines: timak.New(store, &timak.Options{Logger: slog.New(slog.DiscardHandler)})}
	if options == nil {
		options = &timakgorm.Options{Logger: slog.New(slog.DiscardHandler)}
	}
	plugin, err := timakgorm.New(other.Timelines, options)
	w.Must(err)
	w.Must(plugin.Register(&world.Post{}))
	other.Plugin, other.DB = plugin, world.OpenDSN(w.TB, w.Dialect, w.DSN, nil)
	w.Must(other.DB.Use(plugin))
	return other
}

// create creates published posts of author 1.
func create(w *world.World, ids ...uint) {
	w.Helper()
	for _, id := range ids {
		w.Must(w.DB.Create(&world.Post{ID: id, AuthorID: 1, Published: true, CreatedAt: world.At(int(id))}).Error) //nolint:gosec // small
	}
}

// wantLost checks whether the store is known to lack timelines, and how often this process
// has found that.
func wantLost(w *world.World, lost bool, losses int64) {
	w.Helper()
	stats, err := w.Plugin.Stats(w.Context())
	w.Must(err)
	if stats.Lost > 0 != lost || stats.Losses != losses {
		w.Errorf("got lost for %v, %d losses; want lost %v, %d losses", stats.Lost, stats.Losses, lost, losses)
	}
}

// wantRight checks that a comparison finds nothing.
func wantRight(w *world.World) {
	w.Helper()
	w.Drain()
	w.WantDifferences()
	w.Check()
}

func rebuild(w *world.World) {
	w.Helper()
	if _, err := w.Plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{}); err != nil {
		w.Error(err)
	}
}
