package shards_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// shardsHeld returns how many shards each session holds, the fewest first.
func shardsHeld(w *world.World) []int {
	w.Helper()
	var held []int
	w.Must(w.DB.Raw(`SELECT count(*) FILTER (WHERE objid < 64) FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND objsubid = 2
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		GROUP BY pid ORDER BY 1`).Scan(&held).Error)
	return held
}

// awaitShards waits until the sessions hold so many shards each.
func awaitShards(w *world.World, want ...int) {
	w.Helper()
	w.Await("the shards to be shared out", func() bool { return slices.Equal(shardsHeld(w), want) })
}

// TestShardsAreShared: live workers hold an equal part each, and all together
// hold all; those of one that ends go to the others.
func TestShardsAreShared(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: world.Quick()})
	stopFirst := w.Run()
	awaitShards(w, 64)
	stopSecond := w.Another(world.Quick()).Run()
	awaitShards(w, 32, 32)
	stopThird := w.Another(world.Quick()).Run()
	awaitShards(w, 20, 22, 22)
	stopFirst()
	awaitShards(w, 32, 32)
	stopThird()
	awaitShards(w, 64)
	stopSecond()
	awaitShards(w)
}

// TestShardsKeepApart: no change is applied by two workers, and each worker
// takes its part.
func TestShardsKeepApart(t *testing.T) {
	t.Parallel()
	const n = 400
	w := world.New(t, world.Setup{Dialect: "postgres", Options: world.Quick()})
	other, writer := w.Another(world.Quick()), w.Another(nil)
	defer w.Run()()
	defer other.Run()()
	awaitShards(w, 32, 32)
	for from := 1; from <= n; from += 100 {
		posts := make([]world.Post, 100)
		for i := range posts {
			posts[i] = world.Post{ID: uint(from + i), AuthorID: uint(i % 3), Published: true, CreatedAt: world.At(from + i)}
		}
		w.Must(writer.DB.Create(&posts).Error)
	}
	w.AwaitRelay()
	w.Await("the workers to count", func() bool { return applied(w)+applied(other) >= n })
	applied := []int64{applied(w), applied(other)}
	if applied[0]+applied[1] != n || slices.Min(applied) < n/8 {
		t.Errorf("the workers applied %v changes, want %d together and no less than an eighth each", applied, n)
	}
	w.Check()
}

func applied(w *world.World) int64 {
	w.Helper()
	stats, err := w.Plugin.Stats(w.Context())
	w.Must(err)
	return stats.Applied
}

// TestShardsOfLostSession: a worker whose session is ended by the server comes
// back, and nothing stays without a worker.
func TestShardsOfLostSession(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: world.Quick()})
	defer w.Run()()
	defer w.Another(world.Quick()).Run()()
	awaitShards(w, 32, 32)
	for i := range 3 {
		w.Must(w.DB.Exec(`SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_locks
			WHERE locktype = 'advisory' AND objid = 64 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
			LIMIT 1) l`).Error)
		w.Must(w.DB.Create(&world.Post{AuthorID: uint(i), Published: true}).Error)
		w.AwaitRelay()
	}
	awaitShards(w, 32, 32)
	w.Check()
}

// TestShardsOfDyingSession: a worker that finds all shards held by a session which is about
// to end, as by one whose connection is lost, takes them soon afterwards, however seldom it
// polls.
func TestShardsOfDyingSession(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: &timakgorm.Options{Poll: time.Hour}})
	pool, err := w.DB.DB()
	w.Must(err)
	dying, err := pool.Conn(t.Context())
	w.Must(err)
	dies := func(statement string) {
		_, err := dying.ExecContext(t.Context(), strings.ReplaceAll(statement, "class",
			"(hashtext('timak_outbox ' || CAST(CAST('timak_outbox' AS regclass) AS oid)) & 2147483647)"))
		w.Must(err)
	}
	dies("SELECT pg_advisory_lock(class, s), pg_advisory_lock_shared(class, 64) FROM generate_series(0, 63) s")
	defer w.Run()()
	awaitShards(w, 0, 64)
	w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
	dies("SELECT pg_advisory_unlock(class, s) FROM generate_series(0, 63) s")
	awaitShards(w, 0, 32)
	dies("SELECT pg_advisory_unlock_all()")
	awaitShards(w, 64)
	w.AwaitRelay()
	w.Check()
	w.Must(dying.Close())
}

// TestShardsInOutage: a worker that cannot reach the store leaves its shards to
// one that can.
func TestShardsInOutage(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: world.Quick()})
	store := world.NewFaulty()
	store.SetBefore(world.Failing("", driver.ErrUnavailable))
	cutOff := w.Another(world.Quick())
	cutOff.Timelines = timak.New(store, nil)
	cutOff.DB = world.OpenDSN(t, "postgres", w.DSN, nil)
	cutOff.Use(world.Quick())
	defer cutOff.Run()()
	awaitShards(w, 64)
	w.Must(w.DB.Create(&[]world.Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 3, Published: true}}).Error)
	w.Await("the store to be asked", func() bool { return store.Calls() > 0 })
	defer w.Run()()
	w.AwaitRelay()
	w.Check()
}

// TestDrainLeavesToOthers: what the relay of another process holds, and gets on
// with, is not applied twice.
func TestDrainLeavesToOthers(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: world.Quick()})
	other := w.Another(world.Quick())
	defer other.Run()()
	awaitShards(w, 64)
	for i := range 20 {
		w.Must(w.DB.Create(&world.Post{AuthorID: uint(i % 3), Published: true}).Error)
		w.Drain()
		if n := w.Outbox(); n != 0 {
			t.Fatalf("%d changes are left", n)
		}
	}
	if ours := applied(w); ours != 0 {
		t.Errorf("Drain applied %d changes that another relay held", ours)
	}
	w.Check()
}

// TestDrainBesideStuck: the relay of another process that holds everything and
// makes no headway does not keep Drain from its work.
func TestDrainBesideStuck(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: world.Quick()})
	store := world.NewFaulty()
	stuck := w.Another(world.Quick())
	stuck.Timelines = timak.New(store, nil)
	stuck.DB = world.OpenDSN(t, "postgres", w.DSN, nil)
	stuck.Use(world.Quick())
	hangs := make(chan struct{}, 100)
	store.SetBefore(func(ctx context.Context, _ drivertest.Call) error {
		hangs <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	defer stuck.Run()()
	awaitShards(w, 64)
	w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
	<-hangs
	w.WantIDs("author:1:posts", "posts:1")
	if ours := applied(w); ours != 1 {
		t.Errorf("Drain applied %d changes, want 1", ours)
	}
}
