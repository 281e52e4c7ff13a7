package relay_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// apart is a program with a Redis server of its own beside w.
func apart(w *world.World, options *timakgorm.Options) *world.World {
	w.Helper()
	return beside(w, openRedis(w, redistest.NewServer(w)), options)
}

// wantPutOff checks that a program leaves the changes to another one.
func wantPutOff(w *world.World) {
	w.Helper()
	waiting := w.Outbox()
	ctx, cancel := context.WithTimeout(w.Context(), time.Second)
	defer cancel()
	err := w.Plugin.Drain(ctx)
	if err == nil || !strings.Contains(err.Error(), "another store") || strings.Contains(err.Error(), "Migrate") || w.Outbox() != waiting {
		w.Errorf("Drain: got error %v, %d changes; want that it leaves all %d to the other program", err, w.Outbox(), waiting)
	}
}

// age lets all relays look as if they had ended, but those that renew their marks.
func age(w *world.World) {
	w.Helper()
	w.Must(w.DB.Exec("UPDATE timak_marks SET renewed_at = renewed_at - ?", outbox.MarkLife.Microseconds()).Error)
}

// runUntil runs a program's relay until something is so.
func runUntil(w *world.World, what string, so func() bool) {
	w.Helper()
	stop := w.Run()
	w.Await(what, so)
	stop()
}

// TestOtherStore_forgiven: a program that was put off stays so when the other one has
// rebuilt its store.
func TestOtherStore_forgiven(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		log := &journal{}
		w, _, _ := redisWorld(t, dialect, &timakgorm.Options{Logger: log.logger(), Poll: 5 * time.Millisecond, RebuildAfterLoss: true})
		create(w, 1)
		w.Drain()
		other := apart(w, nil)
		create(other, 2)
		other.Drain()
		rebuild(other)
		wantLost(other, false, 1)
		runUntil(w, "two rounds", func() bool {
			stats, err := w.Plugin.Stats(t.Context())
			return err == nil && stats.Errors >= 2
		})
		if said, repeated := log.count("same for all programs"), log.count("level=WARN"); said != 1 || repeated != 0 {
			t.Errorf("%d lines tell of the other store, and %d of each try; want one line:\n%s", said, repeated, &log.text)
		}
		create(w, 3)
		wantPutOff(w)
		other.Drain()
		wantLost(other, false, 1)
		wantRight(other)
		if n := log.count("rebuilding"); n != 0 {
			t.Errorf("the program that was put off has rebuilt its store %d times", n)
		}
	})
}

// TestOtherStore_ended: a program that was put off goes on when the other one has ended,
// and says that it lacks what that one has relayed.
func TestOtherStore_ended(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(testing.TB) driver.Store{
		"marker": func(t testing.TB) driver.Store { return openRedis(t, redistest.NewServer(t)) },
		"keeper": func(testing.TB) driver.Store { return memstore.New() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world.OnBoth(t, func(t *testing.T, dialect string) {
				w, _, _ := redisWorld(t, dialect, nil)
				create(w, 1)
				w.Drain()
				other := beside(w, store(t), nil)
				create(other, 2)
				other.Drain()
				create(w, 3)
				wantPutOff(w)
				rebuild(other) // and so other's outbox is empty
				wantLost(w, false, 0)
				age(w)
				create(w, 4)
				w.Drain()
				wantLost(w, true, 1)
				create(other, 5)
				wantPutOff(other)
				rebuild(w)
				wantRight(w)
			})
		})
	}
}

// TestOtherStore_takeOver: who calls Rebuild or AcceptStore says which store is right.
func TestOtherStore_takeOver(t *testing.T) {
	t.Parallel()
	for name, takeOver := range map[string]func(*world.World){
		"rebuild": rebuild,
		"accept":  func(w *world.World) { w.Must(w.Plugin.AcceptStore(w.Context())) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world.OnBoth(t, func(t *testing.T, dialect string) {
				w, _, _ := redisWorld(t, dialect, nil)
				create(w, 1)
				w.Drain()
				other := apart(w, nil)
				create(other, 2)
				other.Drain()
				create(w, 3)
				wantPutOff(w)
				takeOver(w)
				wantLost(w, false, 1)
				create(w, 4)
				w.Drain()
				create(other, 5)
				wantPutOff(other)
				w.Drain()
				rebuild(w)
				wantRight(w)
			})
		})
	}
}

// TestOtherStore_failover: two programs meet again in one store, of which one had stayed
// with a master that was replaced.
func TestOtherStore_failover(t *testing.T) {
	t.Parallel()
	stale := redistest.NewServer(t)
	storeA, storeB := openRedis(t, stale), openRedis(t, stale)
	log := &journal{}
	a := world.New(t, world.Setup{Dialect: "sqlite", Store: storeA, Options: &timakgorm.Options{Logger: log.logger(), Poll: 5 * time.Millisecond}})
	b := beside(a, storeB, nil)
	create(a, 1)
	a.Drain()
	create(b, 2)
	b.Drain()
	right := promoted(t, stale)
	storeB.Store = openRedis(t, right).Store // b has heard of it
	create(b, 3)
	b.Drain()
	runUntil(a, "a's look at the master that was replaced", func() bool { return log.count("had acknowledged") == 1 })
	create(b, 4)
	wantPutOff(b)
	storeA.Store = openRedis(t, right).Store // now a has heard, too
	a.Drain()
	create(b, 5)
	b.Drain()
	wantLost(b, true, 0)
	rebuild(b)
	create(a, 6)
	wantRight(a)
	wantLost(a, false, 2)
}

// promoted returns a server that has been the replica of another one, and is a master now.
func promoted(t *testing.T, master *redistest.Server) *redistest.Server {
	t.Helper()
	host, port, err := net.SplitHostPort(master.Address())
	if err != nil {
		t.Fatal(err)
	}
	replica := redistest.NewServer(t, "replicaof "+host+" "+port)
	options, err := redis.ParseURL(replica.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	for deadline := time.Now().Add(world.Patience); ; time.Sleep(2 * time.Millisecond) {
		info, err := client.Info(t.Context(), "replication").Result()
		if err == nil && strings.Contains(info, "master_link_status:up") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the replica does not follow: %v\n%s", err, info)
		}
	}
	if err := client.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	return replica
}

// TestOtherStore_atOnce: of two programs that begin at once with different stores one
// settles.
func TestOtherStore_atOnce(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, _, _ := redisWorld(t, dialect, nil)
		store := openRedis(t, redistest.NewServer(t))
		other := beside(w, store, nil)
		create(w, 1)
		store.next(func() error { w.Drain(); return nil }) // other has read the marks
		create(other, 2)
		other.Drain()
		wantLost(other, true, 1)
		create(w, 3)
		wantPutOff(w)
		other.Drain()
	})
}

// TestOtherStore_keeper: a program whose store keeps everything has no mark at first. It
// leaves the changes to one with another store that begins later, and what it has settled
// until it knew of that is lost.
func TestOtherStore_keeper(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		log := &journal{}
		w := world.New(t, world.Setup{Dialect: dialect, Store: memstore.New(), Options: &timakgorm.Options{Logger: log.logger(), Poll: 5 * time.Millisecond}})
		create(w, 1)
		w.Drain()
		other := apart(w, nil)
		create(other, 2)
		other.Drain()
		rebuild(other)
		create(w, 3)
		w.Drain() // does not know yet
		wantLost(other, false, 1)
		runUntil(w, "the look", func() bool { return log.count("same for all programs") == 1 })
		wantLost(other, true, 1)
		create(w, 4)
		wantPutOff(w)
		rebuild(other)
		wantRight(other)
		wantLost(other, false, 1)
	})
}

// TestMarks_renewed: a relay whose store cannot be reached is not taken for one that has
// ended.
func TestMarks_renewed(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, _, store := redisWorld(t, dialect, &timakgorm.Options{Logger: slog.New(slog.DiscardHandler), Poll: 5 * time.Millisecond})
		create(w, 1)
		w.Drain()
		w.Must(w.DB.Exec("UPDATE timak_marks SET renewed_at = 0").Error)
		var fail func() error
		fail = func() error { store.next(fail); return driver.ErrUnavailable }
		store.next(fail)
		runUntil(w, "the look", func() bool { return w.Count("timak_marks WHERE renewed_at > 0") == 1 })
	})
}

// TestMarks_gone: a relay whose mark has gone, as it was idle for long, sets another one
// at once.
func TestMarks_gone(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, server, _ := redisWorld(t, dialect, &timakgorm.Options{Deliver: timakgorm.OnCommit, DeliverTimeout: world.Patience})
		create(w, 1)
		age(w)
		other := beside(w, openRedis(t, server), nil)
		create(other, 2)
		other.Drain()
		if n := w.Count("timak_marks"); n != 1 {
			t.Errorf("%d marks, want that of the other relay alone", n)
		}
		create(w, 3)
		stats, err := w.Plugin.Stats(t.Context())
		w.Must(err)
		if stats.Delivered != 2 || stats.Lost != 0 {
			t.Errorf("%d commits are delivered, lost for %v; want 2, and nothing lost", stats.Delivered, stats.Lost)
		}
	})
}
