package timakgorm_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
)

// shardsHeld returns how many shards each session holds, the fewest first.
func (w *world) shardsHeld() []int {
	w.Helper()
	var held []int
	w.must(w.db.Raw(`SELECT count(*) FILTER (WHERE objid < 64) FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND objsubid = 2
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		GROUP BY pid ORDER BY 1`).Scan(&held).Error)
	return held
}

// awaitShards waits until the sessions hold so many shards each.
func (w *world) awaitShards(want ...int) {
	w.Helper()
	w.await("the shards to be shared out", func() bool { return slices.Equal(w.shardsHeld(), want) })
}

func quick() *timakgorm.Options { return &timakgorm.Options{Poll: 10 * time.Millisecond} }

// TestShardsAreShared: live workers hold an equal part each, and all together
// hold all; those of one that ends go to the others.
func TestShardsAreShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", options: quick()})
	stopFirst := w.run()
	w.awaitShards(64)
	stopSecond := w.another(quick()).run()
	w.awaitShards(32, 32)
	stopThird := w.another(quick()).run()
	w.awaitShards(20, 22, 22)
	stopFirst()
	w.awaitShards(32, 32)
	stopThird()
	w.awaitShards(64)
	stopSecond()
	w.awaitShards()
}

// TestShardsKeepApart: no change is applied by two workers, and each worker
// takes its part.
func TestShardsKeepApart(t *testing.T) {
	t.Parallel()
	const n = 400
	w := newWorld(t, setup{dialect: "postgres", options: quick()})
	other, writer := w.another(quick()), w.another(nil)
	defer w.run()()
	defer other.run()()
	w.awaitShards(32, 32)
	for from := 1; from <= n; from += 100 {
		posts := make([]Post, 100)
		for i := range posts {
			posts[i] = Post{ID: uint(from + i), AuthorID: uint(i % 3), Published: true, CreatedAt: at(from + i)}
		}
		w.must(writer.db.Create(&posts).Error)
	}
	w.awaitRelay()
	w.await("the workers to count", func() bool { return w.applied()+other.applied() >= n })
	applied := []int64{w.applied(), other.applied()}
	if applied[0]+applied[1] != n || slices.Min(applied) < n/8 {
		t.Errorf("the workers applied %v changes, want %d together and no less than an eighth each", applied, n)
	}
	w.check()
}

func (w *world) applied() int64 {
	w.Helper()
	stats, err := w.plugin.Stats(w.Context())
	w.must(err)
	return stats.Applied
}

// TestShardsOfLostSession: a worker whose session is ended by the server comes
// back, and nothing stays without a worker.
func TestShardsOfLostSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", options: quick()})
	defer w.run()()
	defer w.another(quick()).run()()
	w.awaitShards(32, 32)
	for i := range 3 {
		w.must(w.db.Exec(`SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_locks
			WHERE locktype = 'advisory' AND objid = 64 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
			LIMIT 1) l`).Error)
		w.must(w.db.Create(&Post{AuthorID: uint(i), Published: true}).Error)
		w.awaitRelay()
	}
	w.awaitShards(32, 32)
	w.check()
}

// TestShardsInOutage: a worker that cannot reach the store leaves its shards to
// one that can.
func TestShardsInOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", options: quick()})
	store := newFaulty()
	store.before(failing("", driver.ErrUnavailable))
	cutOff := w.another(quick())
	cutOff.timelines = timak.New(store, nil)
	cutOff.db = openDSN(t, "postgres", w.dsn, nil)
	cutOff.use(quick())
	defer cutOff.run()()
	w.awaitShards(64)
	w.must(w.db.Create(&[]Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 3, Published: true}}).Error)
	w.await("the store to be asked", func() bool { return store.Calls() > 0 })
	defer w.run()()
	w.awaitRelay()
	w.check()
}

// TestDrainLeavesToOthers: what the relay of another process holds, and gets on
// with, is not applied twice.
func TestDrainLeavesToOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", options: quick()})
	other := w.another(quick())
	defer other.run()()
	w.awaitShards(64)
	for i := range 20 {
		w.must(w.db.Create(&Post{AuthorID: uint(i % 3), Published: true}).Error)
		w.drain()
		if n := w.outbox(); n != 0 {
			t.Fatalf("%d changes are left", n)
		}
	}
	if ours := w.applied(); ours != 0 {
		t.Errorf("Drain applied %d changes that another relay held", ours)
	}
	w.check()
}

// TestDrainBesideStuck: the relay of another process that holds everything and
// makes no headway does not keep Drain from its work.
func TestDrainBesideStuck(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", options: quick()})
	store := newFaulty()
	stuck := w.another(quick())
	stuck.timelines = timak.New(store, nil)
	stuck.db = openDSN(t, "postgres", w.dsn, nil)
	stuck.use(quick())
	hangs := make(chan struct{}, 100)
	store.before(func(ctx context.Context, _ drivertest.Call) error {
		hangs <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	defer stuck.run()()
	w.awaitShards(64)
	w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true}).Error)
	<-hangs
	w.wantIDs("author:1:posts", "posts:1")
	if ours := w.applied(); ours != 1 {
		t.Errorf("Drain applied %d changes, want 1", ours)
	}
}
