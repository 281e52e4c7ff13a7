package timakgorm_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// aroundGets is a store that lets others in before and after each Get; n counts
// from 1.
type aroundGets struct {
	driver.Store

	gets          atomic.Int64
	before, after func(n int64)
}

func (s *aroundGets) Get(ctx context.Context, key string) (driver.Object, error) {
	n := s.gets.Add(1)
	if s.before != nil {
		s.before(n)
	}
	object, err := s.Store.Get(ctx, key)
	if s.after != nil {
		s.after(n)
	}
	return object, err
}

// beside returns a world whose store has hooks, and a second one over the same
// database and timelines whose store has none.
func beside(t *testing.T, s setup) (w, other *world, store *aroundGets) {
	inner := memstore.New()
	store = &aroundGets{Store: inner}
	s.store = store
	w = newWorld(t, s)
	s.store, s.dsn = inner, w.dsn
	s.options, s.config = nil, nil
	return w, newWorld(t, s), store
}

// TestVerify_changedThereAndBack: the post appears after the first look at the
// timeline, is there when the table is looked at, and is gone by the second
// look, each time relayed at once. Only the version tells.
func TestVerify_changedThereAndBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w, other, store := beside(t, setup{dialect: dialect})
		w.seed()
		publish := func(published bool) {
			other.must(other.db.Model(&Post{ID: 10}).Update("published", published).Error)
			other.drain()
		}
		publish(false)
		store.gets.Store(0)
		store.after = func(n int64) {
			if n == 1 {
				publish(true)
			}
		}
		store.before = func(n int64) {
			if n == 2 {
				publish(false)
			}
		}
		got, report := w.verify(timakgorm.VerifyOptions{Keys: []string{"author:1:posts"}})
		if len(got) > 0 || !report.Clean() || store.gets.Load() < 3 {
			t.Errorf("got %q after %d looks, want nothing after three", got, store.gets.Load())
		}
	})
}

// TestVerify_roomTaken: an item that had room, by the first look, has none by
// the second.
func TestVerify_roomTaken(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		models := []any{timakgorm.Track[Bare](timakgorm.Rule{Key: "posts"})}
		w, other, store := beside(t, setup{
			dialect: dialect, engine: &timak.Options{MaxItems: 3}, models: []any{&Bare{}}, tracked: models,
		})
		for n := range 10 {
			w.must(w.db.Create(&Bare{ID: uint(n + 1), CreatedAt: at(n)}).Error)
			w.drain()
		}
		w.must(w.db.Delete(&Bare{}, 10).Error)
		w.wantIDs("posts", "bares:9", "bares:8")
		store.gets.Store(0)
		store.before = func(n int64) {
			if n == 2 {
				other.must(other.db.Create(&Bare{ID: 11, CreatedAt: at(11)}).Error)
				other.drain()
			}
		}
		if got, report := w.verify(timakgorm.VerifyOptions{}); len(got) > 0 || !report.Clean() || store.gets.Load() != 2 {
			t.Errorf("got %q after %d looks, want nothing after two", got, store.gets.Load())
		}
		store.before = nil
		w.wantIDs("posts", "bares:11", "bares:9", "bares:8")
	})
}

// TestRebuild_rowComes: a row comes, and is relayed, at any moment before what
// had been an item of no row is removed. It stays.
func TestRebuild_rowComes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for access := int64(1); rowComes(t, dialect, access) && !t.Failed(); access++ {
		}
	})
}

// rowComes reports false if there are less accesses to the store.
func rowComes(t *testing.T, dialect string, access int64) (came bool) {
	w, other, store := beside(t, setup{dialect: dialect})
	w.seed()
	w.drain()
	w.apply("author:1:posts", timak.Put(timak.Item{ID: "posts:999", At: at(1)}))
	store.gets.Store(0)
	store.before = func(n int64) {
		if n == access {
			came = true
			other.must(other.db.Create(&Post{ID: 999, AuthorID: 1, Published: true, CreatedAt: at(50)}).Error)
			other.drain()
		}
		if n > access {
			if got := other.ids("author:1:posts"); len(got) != 3 || got[0] != "posts:999" {
				t.Errorf("it came before access %d; before access %d there is %q", access, n, got)
			}
		}
	}
	_, err := w.plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{"author:1:posts"}})
	w.must(err)
	store.before = nil
	w.check()
	return came
}
