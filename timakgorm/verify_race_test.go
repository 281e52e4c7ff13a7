package timakgorm_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// writeOn writes until ctx ends, no faster than the relays can follow.
func (w *world) writeOn(ctx context.Context, h *history) {
	for ctx.Err() == nil {
		h.transaction()
		w.await("the relays to follow", func() bool {
			var waiting int64
			err := h.db.Table("timak_outbox").Count(&waiting).Error
			return err != nil || waiting < 30
		})
	}
}

// TestVerify_concurrentWriters: whatever writers do while it runs, there is no
// difference to be found.
func TestVerify_concurrentWriters(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		w := newWorld(t, setup{dialect: dialect, options: &timakgorm.Options{Batch: 50, Poll: 20 * time.Millisecond}})
		other := w.another(&timakgorm.Options{Batch: 20, Poll: 20 * time.Millisecond})
		w.seed()
		stop, stopOther := w.run(), other.run()
		ctx, cancel := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for i := range 3 {
			h := &history{Rand: rand.New(rand.NewPCG(seed, uint64(i))), db: []*gorm.DB{w.db, other.db}[i%2]}
			writers.Go(func() {
				w.writeOn(ctx, h)
			})
		}
		rows := int64(0)
		for n := 0; n < 6 && !t.Failed(); n++ {
			opts := timakgorm.VerifyOptions{}
			if n >= 4 {
				opts.Repair = true // finds as little, and so changes nothing
			}
			report, err := w.plugin.Verify(t.Context(), opts)
			w.must(err)
			if rows += report.Rows; report.Found() > 0 {
				t.Errorf("run %d: found %q", n, linesOf(report))
			}
		}
		cancel()
		writers.Wait()
		stop()
		stopOther()
		if rows == 0 {
			t.Error("there were no rows")
		}
		w.check()
		w.wantDifferences()
	})
}

// TestRebuild_concurrentWriters: while timelines are harmed and rebuilt, writers
// go on; in the end everything is as the table.
func TestRebuild_concurrentWriters(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		w := newWorld(t, setup{dialect: dialect, options: &timakgorm.Options{Poll: 20 * time.Millisecond}})
		other := w.another(&timakgorm.Options{Poll: 20 * time.Millisecond})
		w.seed()
		stop, stopOther := w.run(), other.run()
		ctx, cancel := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for i := range 2 {
			h := &history{Rand: rand.New(rand.NewPCG(seed, uint64(i))), db: []*gorm.DB{w.db, other.db}[i%2]}
			writers.Go(func() {
				w.writeOn(ctx, h)
			})
		}
		r := rand.New(rand.NewPCG(seed, 99))
		for n := 0; n < 4 && !t.Failed(); n++ {
			for range 5 { // as the relay would write, had it gone mad: at the present
				key := []string{"site:posts", "author:1:posts", "author:2:posts", "author:3:posts"}[r.IntN(4)]
				id := fmt.Sprintf("posts:%d", 10+r.IntN(15))
				if r.IntN(2) == 0 {
					w.apply(key, timak.RemoveEntry(id, ""))
				} else {
					w.apply(key, timak.Put(timak.Item{ID: id, At: at(r.IntN(50))}))
				}
			}
			_, err := w.plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
			w.must(err)
		}
		cancel()
		writers.Wait()
		stop()
		stopOther()
		w.drain()
		// The last row may have left a key that was harmed: the tables do not name it.
		_, err := w.plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: w.postKeys()})
		w.must(err)
		w.wantDifferences()
		w.check()
	})
}

// meanwhile is what someone does while Rebuild is under way.
type meanwhile struct {
	name string
	do   func(db *gorm.DB) error
	want []string // on the timeline of author 1 in the end
}

var meanwhiles = []meanwhile{
	{"a delete", func(db *gorm.DB) error { return db.Delete(&Post{}, 10).Error }, []string{"posts:12"}},
	{"a delete for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&Post{}, 10).Error }, []string{"posts:12"}},
	{"a key that moves", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("author_id", 2).Error }, []string{"posts:12"}},
	{"a date that changes", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("created_at", at(50)).Error }, []string{"posts:10", "posts:12"}},
	{"a create", func(db *gorm.DB) error {
		return db.Create(&Post{ID: 999, AuthorID: 1, Published: true, CreatedAt: at(50)}).Error
	}, []string{"posts:999", "posts:12", "posts:10"}},
	{"a delete and a create", func(db *gorm.DB) error {
		return first(db.Unscoped().Delete(&Post{}, 10).Error, db.Create(&Post{ID: 10, AuthorID: 1, Published: true, CreatedAt: at(50)}).Error)
	}, []string{"posts:10", "posts:12"}},
}

// TestRebuild_meanwhile: a change that is committed between any two accesses of
// Rebuild to the store stands: what was deleted stays deleted, what was made
// stays, and one that moved is in its new place only. Post 10 is missing at the
// beginning, and there is a phantom 999.
func TestRebuild_meanwhile(t *testing.T) {
	t.Parallel()
	for _, m := range meanwhiles {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, dialect string) {
				store := drivertest.NewFailing(memstore.New())
				w := newWorld(t, setup{dialect: dialect, store: store})
				other := w.another(nil)
				w.plugin.JudgeTimes(4)
				for access := 1; ; access++ {
					if !rebuildMeanwhile(w, other, store, m, access) || t.Failed() {
						break
					}
					w.reset()
				}
			})
		})
	}
}

// rebuildMeanwhile reports false if there are less accesses.
func rebuildMeanwhile(w, other *world, store *drivertest.Failing, m meanwhile, access int) bool {
	w.seed()
	w.drain()
	w.apply("author:1:posts", timak.Remove("posts:10"), timak.Put(timak.Item{ID: "posts:999", At: at(1)}))
	var mu sync.Mutex
	n, did := 0, false
	store.Before = func(context.Context, drivertest.Call) error {
		mu.Lock()
		defer mu.Unlock()
		if n++; n == access && !did {
			did = true
			if err := m.do(other.db); err != nil {
				w.Errorf("access %d: %v", access, err)
			}
		}
		return nil
	}
	report, err := w.plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{Keys: []string{"author:1:posts"}})
	w.must(err)
	store.Before = nil
	if report.Found() > 2 { // it has done no harm that it had to mend
		w.Errorf("access %d: found %q", access, linesOf(report))
	}
	if did {
		if w.wantIDs("author:1:posts", m.want...); w.Failed() {
			w.Logf("access %d", access)
		}
		w.check()
		w.wantDifferences()
	}
	return did
}

// TestRebuild_inFlight: a change holds its row's lock, uncommitted, when Rebuild
// comes to record the row; Rebuild waits for it, and the change stands.
func TestRebuild_inFlight(t *testing.T) {
	t.Parallel()
	for _, m := range meanwhiles {
		for _, commits := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, committed %v", m.name, commits), func(t *testing.T) {
				t.Parallel()
				rebuildInFlight(t, m, commits)
			})
		}
	}
}

func rebuildInFlight(t *testing.T, m meanwhile, commits bool) {
	w := newWorld(t, setup{dialect: "postgres"})
	other := w.another(nil)
	w.seed()
	w.drain()
	w.apply("author:1:posts", timak.Remove("posts:10"), timak.Put(timak.Item{ID: "posts:999", At: at(1)}))
	tx := other.db.Begin()
	w.must(m.do(tx))
	rebuilt := make(chan error, 1)
	go func() {
		_, err := w.plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		rebuilt <- err
	}()
	if !strings.HasPrefix(m.name, "a create") {
		w.await("Rebuild to wait for the lock", func() bool {
			var waiting int64
			w.must(other.db.Raw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting).Error)
			return waiting > 0
		})
	}
	want := []string{"posts:12", "posts:10"}
	if commits {
		want = m.want
		w.must(tx.Commit().Error)
	} else {
		w.must(tx.Rollback().Error)
	}
	w.must(<-rebuilt)
	w.wantIDs("author:1:posts", want...)
	w.check()
	w.wantDifferences()
}

// TestRebuild_neverEmpty: what is right, and what is nearly so, is there for a
// reader at every moment.
func TestRebuild_neverEmpty(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		inner := memstore.New()
		store := drivertest.NewFailing(inner)
		w := newWorld(t, setup{dialect: dialect, store: store})
		w.seed()
		w.drain()
		reader := timak.New(inner, nil)
		w.apply("site:posts", timak.Put(timak.Item{ID: "posts:10", At: at(9), Data: []byte("wrong")}), timak.Remove("posts:11"))
		w.apply("site:posts", timak.RemoveEntry("posts:12", ""), timak.Put(timak.Item{ID: "posts:12", Source: "wrong", At: at(2)}))
		store.Before = func(ctx context.Context, _ drivertest.Call) error {
			timeline, err := reader.Get(ctx, "site:posts")
			got := strings.Join(timeline.IDs(), " ") + " "
			if err != nil || !strings.Contains(got, "posts:10 ") || !strings.Contains(got, "posts:12 ") {
				t.Errorf("in between a reader gets %q, %v", got, err)
			}
			return nil
		}
		report, err := w.plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		w.must(err)
		store.Before = nil
		if report.Found() != 3 || !report.Clean() {
			t.Errorf("got %+v", report)
		}
		w.check()
	})
}
