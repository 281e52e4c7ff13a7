package audit_test

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
	"github.com/timak-go/timak/timakgorm/internal/audit"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// writeOn writes until ctx ends, no faster than the relays can follow.
func writeOn(ctx context.Context, w *world.World, h *world.History) {
	for ctx.Err() == nil {
		h.Transaction()
		w.Await("the relays to follow", func() bool {
			var waiting int64
			err := h.DB.Table("timak_outbox").Count(&waiting).Error
			return err != nil || waiting < 30
		})
	}
}

// TestVerify_concurrentWriters: whatever writers do while it runs, there is no
// difference to be found.
func TestVerify_concurrentWriters(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Batch: 50, Poll: 20 * time.Millisecond}})
		other := w.Another(&timakgorm.Options{Batch: 20, Poll: 20 * time.Millisecond})
		w.Seed()
		stop, stopOther := w.Run(), other.Run()
		ctx, cancel := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for i := range 3 {
			h := &world.History{Rand: rand.New(rand.NewPCG(seed, uint64(i))), DB: []*gorm.DB{w.DB, other.DB}[i%2]}
			writers.Go(func() {
				writeOn(ctx, w, h)
			})
		}
		rows := int64(0)
		for n := 0; n < 6 && !t.Failed(); n++ {
			opts := timakgorm.VerifyOptions{}
			if n >= 4 {
				opts.Repair = true // finds as little, and so changes nothing
			}
			report, err := w.Plugin.Verify(t.Context(), opts)
			w.Must(err)
			if rows += report.Rows; report.Found() > 0 {
				t.Errorf("run %d: found %q", n, world.LinesOf(report))
			}
		}
		cancel()
		writers.Wait()
		stop()
		stopOther()
		if rows == 0 {
			t.Error("there were no rows")
		}
		w.Check()
		w.WantDifferences()
	})
}

// TestRebuild_concurrentWriters: while timelines are harmed and rebuilt, writers
// go on; in the end everything is as the table.
func TestRebuild_concurrentWriters(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Poll: 20 * time.Millisecond}})
		other := w.Another(&timakgorm.Options{Poll: 20 * time.Millisecond})
		w.Seed()
		stop, stopOther := w.Run(), other.Run()
		ctx, cancel := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for i := range 2 {
			h := &world.History{Rand: rand.New(rand.NewPCG(seed, uint64(i))), DB: []*gorm.DB{w.DB, other.DB}[i%2]}
			writers.Go(func() {
				writeOn(ctx, w, h)
			})
		}
		r := rand.New(rand.NewPCG(seed, 99))
		for n := 0; n < 4 && !t.Failed(); n++ {
			for range 5 { // as the relay would write, had it gone mad: at the present
				key := []string{"site:posts", "author:1:posts", "author:2:posts", "author:3:posts"}[r.IntN(4)]
				id := fmt.Sprintf("posts:%d", 10+r.IntN(15))
				if r.IntN(2) == 0 {
					w.Apply(key, timak.RemoveEntry(id, ""))
				} else {
					w.Apply(key, timak.Put(timak.Item{ID: id, At: world.At(r.IntN(50))}))
				}
			}
			_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
			w.Must(err)
		}
		cancel()
		writers.Wait()
		stop()
		stopOther()
		w.Drain()
		// The last row may have left a key that was harmed: the tables do not name it.
		_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: w.PostKeys()})
		w.Must(err)
		w.WantDifferences()
		w.Check()
	})
}

// meanwhile is what someone does while Rebuild is under way.
type meanwhile struct {
	name string
	do   func(db *gorm.DB) error
	want []string // on the timeline of author 1 in the end
}

var meanwhiles = []meanwhile{
	{"a delete", func(db *gorm.DB) error { return db.Delete(&world.Post{}, 10).Error }, []string{"posts:12"}},
	{"a delete for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&world.Post{}, 10).Error }, []string{"posts:12"}},
	{"a key that moves", func(db *gorm.DB) error { return db.Model(&world.Post{ID: 10}).Update("author_id", 2).Error }, []string{"posts:12"}},
	{"a date that changes", func(db *gorm.DB) error { return db.Model(&world.Post{ID: 10}).Update("created_at", world.At(50)).Error }, []string{"posts:10", "posts:12"}},
	{"a create", func(db *gorm.DB) error {
		return db.Create(&world.Post{ID: 999, AuthorID: 1, Published: true, CreatedAt: world.At(50)}).Error
	}, []string{"posts:999", "posts:12", "posts:10"}},
	{"a delete and a create", func(db *gorm.DB) error {
		return world.First(db.Unscoped().Delete(&world.Post{}, 10).Error, db.Create(&world.Post{ID: 10, AuthorID: 1, Published: true, CreatedAt: world.At(50)}).Error)
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
			world.OnBoth(t, func(t *testing.T, dialect string) {
				store := drivertest.NewFailing(memstore.New())
				w := world.New(t, world.Setup{Dialect: dialect, Store: store})
				other := w.Another(nil)
				w.Within(audit.InHaste(w.Context()))
				for access := 1; ; access++ {
					if !rebuildMeanwhile(w, other, store, m, access) || t.Failed() {
						break
					}
					w.Reset()
				}
			})
		})
	}
}

// rebuildMeanwhile reports false if there are less accesses.
func rebuildMeanwhile(w, other *world.World, store *drivertest.Failing, m meanwhile, access int) bool {
	w.Seed()
	w.Drain()
	w.Apply("author:1:posts", timak.Remove("posts:10"), timak.Put(timak.Item{ID: "posts:999", At: world.At(1)}))
	var mu sync.Mutex
	n, did := 0, false
	store.Before = func(context.Context, drivertest.Call) error {
		mu.Lock()
		defer mu.Unlock()
		if n++; n == access && !did {
			did = true
			if err := m.do(other.DB); err != nil {
				w.Errorf("access %d: %v", access, err)
			}
		}
		return nil
	}
	report, err := w.Plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{Keys: []string{"author:1:posts"}})
	w.Must(err)
	store.Before = nil
	if report.Found() > 2 { // it has done no harm that it had to mend
		w.Errorf("access %d: found %q", access, world.LinesOf(report))
	}
	if did {
		if w.WantIDs("author:1:posts", m.want...); w.Failed() {
			w.Logf("access %d", access)
		}
		w.Check()
		w.WantDifferences()
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
	w := world.New(t, world.Setup{Dialect: "postgres"})
	other := w.Another(nil)
	w.Seed()
	w.Drain()
	w.Apply("author:1:posts", timak.Remove("posts:10"), timak.Put(timak.Item{ID: "posts:999", At: world.At(1)}))
	tx := other.DB.Begin()
	w.Must(m.do(tx))
	rebuilt := make(chan error, 1)
	go func() {
		_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		rebuilt <- err
	}()
	if !strings.HasPrefix(m.name, "a create") {
		w.Await("Rebuild to wait for the lock", func() bool {
			var waiting int64
			w.Must(other.DB.Raw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting).Error)
			return waiting > 0
		})
	}
	want := []string{"posts:12", "posts:10"}
	if commits {
		want = m.want
		w.Must(tx.Commit().Error)
	} else {
		w.Must(tx.Rollback().Error)
	}
	w.Must(<-rebuilt)
	w.WantIDs("author:1:posts", want...)
	w.Check()
	w.WantDifferences()
}

// TestRebuild_neverEmpty: what is right, and what is nearly so, is there for a
// reader at every moment.
func TestRebuild_neverEmpty(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		inner := memstore.New()
		store := drivertest.NewFailing(inner)
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		w.Seed()
		w.Drain()
		reader := timak.New(inner, nil)
		w.Apply("site:posts", timak.Put(timak.Item{ID: "posts:10", At: world.At(9), Data: []byte("wrong")}), timak.Remove("posts:11"))
		w.Apply("site:posts", timak.RemoveEntry("posts:12", ""), timak.Put(timak.Item{ID: "posts:12", Source: "wrong", At: world.At(2)}))
		store.Before = func(ctx context.Context, _ drivertest.Call) error {
			timeline, err := reader.Get(ctx, "site:posts")
			got := strings.Join(timeline.IDs(), " ") + " "
			if err != nil || !strings.Contains(got, "posts:10 ") || !strings.Contains(got, "posts:12 ") {
				t.Errorf("in between a reader gets %q, %v", got, err)
			}
			return nil
		}
		report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		w.Must(err)
		store.Before = nil
		if report.Found() != 3 || !report.Clean() {
			t.Errorf("got %+v", report)
		}
		w.Check()
	})
}
