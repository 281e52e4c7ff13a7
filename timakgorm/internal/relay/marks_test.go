package relay_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestLoss: a store that has lost everything goes on with what comes, and the loss is known
// to everybody until the timelines are rebuilt.
func TestLoss(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		log := &journal{}
		server, engine := redistest.NewServer(t), uncached
		w := world.New(t, world.Setup{Dialect: dialect, Store: openRedis(t, server), Engine: &engine, Options: &timakgorm.Options{Logger: log.logger()}})
		create(w, 1, 2)
		w.Drain()
		wantLost(w, false, 0)
		for round := range int64(2) {
			killAndStart(t, server)
			create(w, uint(3+round)) //nolint:gosec // small
			w.Drain()
			if got := w.IDs("author:1:posts"); len(got) != 1 {
				t.Errorf("got %v, want the new post alone", got)
			}
			wantLost(w, true, round+1)
			restarted := w.Another(nil)
			wantLost(restarted, true, 0)
			create(restarted, uint(10+round)) //nolint:gosec // small
			restarted.Drain()
			wantLost(restarted, true, 0)
			rebuild(w)
			wantLost(w, false, round+1)
			wantLost(restarted, false, 0)
			wantRight(w)
		}
		if n := log.count("level=ERROR", "RebuildAfterLoss"); n != 2 {
			t.Errorf("%d lines say what to do, want one for each loss:\n%s", n, &log.text)
		}
	})
}

// TestLoss_kept: a server that keeps its data is no cause for alarm, however it ends.
func TestLoss_kept(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, server, store := redisWorld(t, dialect, nil, "appendonly yes", "appendfsync always")
		for n := range uint(3) {
			create(w, 1+n)
			w.Drain()
			killAndStart(t, server)
			create(w, 11+n)
			store.next(func() error { killAndStart(t, server); return nil })
			w.Drain()
		}
		wantLost(w, false, 0)
		wantRight(w)
	})
}

// TestLoss_beforeMark: what is lost after it was written and before a mark was set behind it
// is written again, though the mark from before it is kept.
func TestLoss_beforeMark(t *testing.T) {
	t.Parallel()
	for name, deliver := range map[string]timakgorm.Deliver{"relay": timakgorm.InBackground, "commit": timakgorm.OnCommit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world.OnBoth(t, func(t *testing.T, dialect string) {
				options := &timakgorm.Options{Deliver: deliver, DeliverTimeout: world.Patience}
				w, server, store := redisWorld(t, dialect, options, "save 3600 100000")
				create(w, 1)
				w.Drain()
				snapshot(t, server)
				store.next(func() error { killAndStart(t, server); return nil })
				create(w, 2)
				if deliver == timakgorm.OnCommit && w.Outbox() != 1 {
					t.Errorf("%d changes wait, want the one that was lost", w.Outbox())
				}
				stats, err := w.Plugin.Stats(t.Context())
				w.Must(err)
				if stats.Delivered != 0 && deliver == timakgorm.OnCommit && stats.Left != 1 {
					t.Errorf("got %+v, want the commit to be left to the relay", stats)
				}
				w.Drain()
				wantLost(w, false, 0)
				wantRight(w)
				if got := w.IDs("author:1:posts"); len(got) != 2 {
					t.Errorf("got %v, want both posts", got)
				}
			})
		})
	}
}

// TestLoss_snapshot: a store that has gone back to a snapshot lacks what came since, and
// what it still has is no proof that nothing was lost.
func TestLoss_snapshot(t *testing.T) {
	t.Parallel()
	server, engine := redistest.NewServer(t, "save 3600 100000"), uncached
	w := world.New(t, world.Setup{Dialect: "sqlite", Store: openRedis(t, server), Engine: &engine})
	create(w, 1)
	w.Drain()
	snapshot(t, server)
	create(w, 2)
	w.Must(w.DB.Delete(&world.Post{ID: 1}).Error)
	w.Drain()
	killAndStart(t, server)
	create(w, 3)
	w.Drain()
	wantLost(w, true, 1)
	w.WantIDs("author:1:posts", "posts:3", "posts:1")
	rebuild(w)
	wantLost(w, false, 1)
	wantRight(w)
}

// TestLoss_failedMark: a mark that cannot be set keeps the changes.
func TestLoss_failedMark(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, _, store := redisWorld(t, dialect, nil)
		create(w, 1)
		w.Drain()
		create(w, 2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var fail func() error
		fail = func() error { store.next(fail); return driver.ErrUnavailable }
		store.next(fail)
		if err := w.Plugin.Drain(ctx); err == nil || w.Outbox() != 1 {
			t.Errorf("got error %v, %d changes; want the change to stay", err, w.Outbox())
		}
		store.next(nil)
		wantRight(w)
		wantLost(w, false, 0)
	})
}

// TestLoss_idle: a relay that has nothing to do notices a loss too, and rebuilds by itself,
// as often as it happens.
func TestLoss_idle(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		log, options := &journal{}, world.Quick()
		options.RebuildAfterLoss, options.Logger = true, log.logger()
		w, server, _ := redisWorld(t, dialect, options)
		create(w, 1, 2, 3)
		stop := w.Run()
		w.AwaitRelay()
		for round := range 2 {
			killAndStart(t, server)
			w.Await("the rebuild", func() bool {
				stats, err := w.Plugin.Stats(t.Context())
				return err == nil && stats.Losses == int64(round+1) && stats.Lost == 0
			})
			if got := w.IDs("author:1:posts"); len(got) != 3 {
				t.Errorf("got %v, want all posts", got)
			}
		}
		stop()
		wantRight(w)
		if n := log.count("level=ERROR", "had acknowledged"); n != 2 {
			t.Errorf("%d lines tell of the loss, want 2:\n%s", n, &log.text)
		}
	})
}

// TestLoss_twoRelays: of many relays that write, one tells of a loss, one rebuilds, and
// nothing is missing.
func TestLoss_twoRelays(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		log, all := &journal{}, []*world.World{}
		log.tell(t)
		options := func() *timakgorm.Options {
			return &timakgorm.Options{Poll: 10 * time.Millisecond, RebuildAfterLoss: true, Logger: log.logger()}
		}
		w, server, _ := redisWorld(t, dialect, options())
		all = append(all, w, beside(w, openRedis(t, server), options()), beside(w, openRedis(t, server), options()))
		var stops []func()
		for _, one := range all {
			stops = append(stops, one.Run())
		}
		for n := range uint(60) {
			create(all[n%3], 1+n)
			switch n {
			case 20:
				w.AwaitRelay()
			case 40:
				killAndStart(t, server)
			}
		}
		w.AwaitRelay()
		w.Await("the rebuild", func() bool {
			var losses int64
			lost := false
			for _, one := range all {
				stats, err := one.Plugin.Stats(t.Context())
				w.Must(err)
				losses += stats.Losses
				lost = lost || stats.Lost > 0
			}
			return losses > 0 && !lost
		})
		for _, stop := range stops {
			stop()
		}
		wantRight(w)
		if n := log.count("had acknowledged"); n != 1 {
			t.Errorf("%d relays tell of the loss, want one:\n%s", n, &log.text)
		}
		if n := log.count("rebuilding all timelines"); n != 1 {
			t.Errorf("%d relays rebuild, want one:\n%s", n, &log.text)
		}
	})
}

// TestLoss_duringRebuild: what is lost while the timelines are rebuilt is no part of what the
// rebuild has made good.
func TestLoss_duringRebuild(t *testing.T) {
	t.Parallel()
	w, server, _ := redisWorld(t, "sqlite", nil)
	for author := range uint(150) {
		w.Must(w.DB.Create(&world.Post{ID: author + 1, AuthorID: author, Published: true, CreatedAt: world.At(1)}).Error)
	}
	w.Drain()
	killAndStart(t, server)
	killed := false
	_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Progress: func(timakgorm.Progress) {
		if !killed {
			killed = true
			killAndStart(t, server)
		}
	}})
	if err == nil || !strings.Contains(err.Error(), "has lost timelines") {
		t.Errorf("Rebuild: got error %v, want one that tells of the loss", err)
	}
	stats, err := w.Plugin.Stats(t.Context())
	w.Must(err)
	if stats.Lost == 0 {
		t.Error("after a loss during the rebuild nothing is lost, want that it is")
	}
	rebuild(w)
	wantLost(w, false, stats.Losses)
	wantRight(w)
}

// TestLoss_partOfRebuild: a rebuild of a part makes nothing good.
func TestLoss_partOfRebuild(t *testing.T) {
	t.Parallel()
	w, server, _ := redisWorld(t, "sqlite", nil)
	create(w, 1)
	w.Drain()
	killAndStart(t, server)
	for _, opts := range []timakgorm.RebuildOptions{{Keys: []string{"site:posts"}}, {Models: []any{&world.Post{}}}} {
		_, err := w.Plugin.Rebuild(t.Context(), opts)
		w.Must(err)
		wantLost(w, true, 1)
	}
	_, err := w.Plugin.Verify(t.Context(), timakgorm.VerifyOptions{})
	w.Must(err)
	wantLost(w, true, 1)
	_, err = w.Plugin.Verify(t.Context(), timakgorm.VerifyOptions{Repair: true})
	w.Must(err)
	wantLost(w, false, 1)
}

// TestOtherStore: of two programs with different stores the one that began last goes on,
// and the other one leaves it the changes.
func TestOtherStore(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		log := &journal{}
		w, _, _ := redisWorld(t, dialect, &timakgorm.Options{Logger: log.logger()})
		create(w, 1)
		w.Drain()
		other := beside(w, openRedis(t, redistest.NewServer(t)), &timakgorm.Options{Logger: slog.New(slog.DiscardHandler)})
		create(other, 2)
		other.Drain()
		wantLost(other, true, 1)
		create(w, 3)
		wantPutOff(w)
		if n := log.count("level=ERROR", "same for all programs"); n != 1 {
			t.Errorf("%d lines tell of the other store, want 1:\n%s", n, &log.text)
		}
		other.Drain()
		rebuild(other)
		wantLost(other, false, 1)
		wantRight(other)
	})
}

// TestStoreChanged: a new store is a loss, from one that keeps everything and back too,
// unless somebody declares that it has everything. The first one is none.
func TestStoreChanged(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		kept := memstore.New()
		w := world.New(t, world.Setup{Dialect: dialect, Store: kept})
		create(w, 1)
		w.Drain()
		wantLost(w, false, 0)

		moved := beside(w, openRedis(t, redistest.NewServer(t)), nil)
		create(moved, 2)
		moved.Drain()
		wantLost(moved, true, 1)
		w.Must(moved.Plugin.AcceptStore(t.Context()))
		wantLost(moved, false, 1)
		create(moved, 3)
		moved.Drain()
		wantLost(moved, false, 1)

		back := beside(w, kept, nil)
		create(back, 4)
		back.Drain()
		wantLost(back, true, 1)
		rebuild(back)
		wantLost(back, false, 1)
		wantRight(back)
		create(back, 5)
		back.Drain()
		wantLost(back, false, 1)
	})
}

// TestMarksOfMany: relays that come and go leave no marks behind.
func TestMarksOfMany(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, server, _ := redisWorld(t, dialect, nil)
		create(w, 1)
		w.Drain()
		for n := range uint(5) {
			other := beside(w, openRedis(t, server), nil)
			create(other, 2+n)
			other.Drain()
		}
		age(w)
		create(w, 10)
		w.Drain()
		again := beside(w, openRedis(t, server), nil)
		create(again, 11)
		again.Drain()
		if n := w.Count("timak_marks"); n != 2 {
			t.Errorf("%d marks are left, want those of the relays that have just written", n)
		}
		age(w)
		other := beside(w, openRedis(t, server), nil)
		create(other, 12)
		other.Drain()
		create(w, 13) // whose mark is gone
		w.Drain()
		wantLost(w, false, 0)
		// The last one has gone, and what it alone has marked is lost.
		killAndStart(t, server)
		last := beside(w, openRedis(t, server), nil)
		create(last, 14)
		last.Drain()
		wantLost(last, true, 1)
	})
}

// snapshot makes safe what a server holds.
func snapshot(t testing.TB, server *redistest.Server) {
	t.Helper()
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	if err := client.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}
