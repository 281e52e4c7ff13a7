package watchers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

const key = "author:1:posts"

// reader is one who watches.
type reader struct {
	*world.World

	keys <-chan string
}

// watching returns a reader who has been told of all keys once.
func watching(w *world.World, keys ...string) reader {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.Cleanup(cancel)
	r := reader{w, watch(ctx, w, keys...)}
	missing := map[string]bool{}
	for _, key := range keys {
		missing[key] = true
	}
	for len(missing) > 0 {
		delete(missing, r.next())
	}
	return r
}

func watch(ctx context.Context, w *world.World, keys ...string) <-chan string {
	w.Helper()
	told, err := w.Plugin.Watch(ctx, keys...)
	w.Must(err)
	return told
}

func (r reader) next() string {
	r.Helper()
	select {
	case key := <-r.keys:
		return key
	case <-time.After(world.Patience):
		r.Fatalf("told of nothing for %v", world.Patience)
		return ""
	}
}

// sees waits for a key after which a post is on its timeline.
func (r reader) sees(key, id string) {
	r.Helper()
	for {
		for r.next() != key {
		}
		if slices.Contains(r.IDs(key), id) {
			return
		}
	}
}

func write(w *world.World, id, author uint) {
	w.Helper()
	w.Must(w.DB.Create(&world.Post{ID: id, AuthorID: author, Title: "t", Published: true, CreatedAt: world.At(int(id))}).Error)
}

// TestWatch: each key comes at first, and then those that this process writes.
func TestWatch(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Poll: time.Hour}})
		r := watching(w, key, "author:2:posts")
		for id := range uint(3) {
			write(w, id+1, 1)
			w.Drain()
			r.sees(key, fmt.Sprint("posts:", id+1))
		}
		w.Must(w.DB.Delete(&world.Post{ID: 1}).Error)
		w.Drain()
		for r.next() != key || slices.Contains(w.IDs(key), "posts:1") {
		}
	})
}

// TestWatch_end: after the end of the context the channel is closed, and nothing remains.
func TestWatch_end(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			told := []<-chan string{watch(ctx, w, key), watch(ctx, w, key, "author:2:posts")}
			if dialect == "postgres" {
				listening(w, 1)
			}
			if n := watches(w); n != 2 {
				t.Errorf("%d watches are open, want 2", n)
			}
			cancel()
			for _, keys := range told {
				for range keys { // until it is closed
				}
			}
			if n := watches(w); n != 0 {
				t.Errorf("%d watches are open after all have ended", n)
			}
			pool, err := w.DB.DB()
			w.Must(err)
			if n := pool.Stats().InUse; n != 0 {
				t.Errorf("%d connections are in use after all watches have ended", n)
			}
		}
	})
}

func watches(w *world.World) int64 {
	w.Helper()
	stats, err := w.Plugin.Stats(w.Context())
	w.Must(err)
	return stats.Watches
}

// listening waits until so many connections listen.
func listening(w *world.World, n int) {
	w.Helper()
	w.Await(fmt.Sprint(n, " to listen"), func() bool { return len(listeners(w)) == n })
}

// listeners returns the sessions that listen.
func listeners(w *world.World) []int {
	w.Helper()
	var pids []int
	w.Must(w.DB.Raw("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND state = 'idle' AND datname = current_database()").Scan(&pids).Error)
	return pids
}

// TestWatch_another: what the relay of another process writes. The first change may be
// found because listening has just begun.
func TestWatch_another(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Options: world.Quick()})
		other := w.Another(world.Quick())
		r := watching(w, key)
		for id := range uint(3) {
			write(w, id+1, 1)
			other.Drain()
			r.sees(key, fmt.Sprint("posts:", id+1))
		}
	})
}

// TestWatch_others: of two keys, only the one that another process writes comes.
func TestWatch_others(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: &timakgorm.Options{Poll: time.Hour}})
	other := w.Another(nil)
	r := watching(w, "author:2:posts", key)
	for id := range uint(4) { // as listening begins, both come once more, in some order
		write(w, id+1, 1)
		other.Drain()
		r.sees(key, fmt.Sprint("posts:", id+1))
	}
	for id := range uint(5) {
		write(w, id+10, 1)
		other.Drain()
		for told := range r.until(key) {
			t.Errorf("told of %q, which has not changed", told)
		}
	}
}

// until yields the keys before another one comes.
func (r reader) until(key string) func(yield func(string) bool) {
	r.Helper()
	return func(yield func(string) bool) {
		for {
			if told := r.next(); told == key || !yield(told) {
				return
			}
		}
	}
}

// TestWatch_again: a relay that died after it had written timelines told nobody else of
// them. The next one finds them as they should be, and tells.
func TestWatch_again(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: &timakgorm.Options{Poll: time.Hour}})
	write(w, 1, 1)
	w.Script(w.Session(), "CREATE TABLE kept AS TABLE timak_outbox")
	w.Drain()
	r := watching(w, key)
	listening(w, 1)
	other := w.Another(nil)
	for range 3 {
		w.Script(w.Session(), "INSERT INTO timak_outbox OVERRIDING SYSTEM VALUE SELECT * FROM kept")
		other.Drain()
		r.sees(key, "posts:1")
	}
}

// TestWatch_lost: after its connection was lost, a process is told of what it has missed,
// and listens again.
func TestWatch_lost(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: &timakgorm.Options{Poll: time.Hour}})
	other := w.Another(nil)
	r := watching(w, key)
	for id := range uint(3) {
		listening(w, 1)
		for _, pid := range listeners(w) {
			w.Must(w.DB.Exec("SELECT pg_terminate_backend(?)", pid).Error)
		}
		write(w, id+1, 1)
		other.Drain()
		r.sees(key, fmt.Sprint("posts:", id+1))
	}
}

// TestWatch_smallPool: a pool of one or two connections has none to listen on.
func TestWatch_smallPool(t *testing.T) {
	t.Parallel()
	for _, connections := range []int{1, 2} {
		world.OnBoth(t, func(t *testing.T, dialect string) {
			w := world.New(t, world.Setup{Dialect: dialect, Options: world.Quick()})
			other := w.Another(nil)
			pool, err := w.DB.DB()
			w.Must(err)
			pool.SetMaxOpenConns(connections)
			pool.SetMaxIdleConns(-1) // each use has a connection of its own
			defer w.Run()()
			r := watching(w, key)
			for id := range uint(3) {
				write(w, id+1, 1)
				other.Drain()
				r.sees(key, fmt.Sprint("posts:", id+1))
			}
		})
	}
}

// TestWatch_errors: what Watch refuses, it does not keep.
func TestWatch_errors(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite", Options: &timakgorm.Options{Watches: 2}})
	for _, keys := range [][]string{nil, {""}, {key, ""}} {
		if _, err := w.Plugin.Watch(t.Context(), keys...); err == nil {
			t.Errorf("Watch of %q gave no error", keys)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := watch(ctx, w, key)
	watch(t.Context(), w, key)
	if _, err := w.Plugin.Watch(t.Context(), key); !errors.Is(err, timakgorm.ErrWatches) {
		t.Errorf("a third watch of two: got %v", err)
	}
	cancel()
	for range first {
	}
	watch(t.Context(), w, key)
	unused, err := timakgorm.New(w.Timelines, nil)
	w.Must(err)
	if _, err := unused.Watch(t.Context(), key); err == nil {
		t.Error("Watch without a database gave no error")
	}
}
