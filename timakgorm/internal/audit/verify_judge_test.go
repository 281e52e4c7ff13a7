package audit_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
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
func beside(t *testing.T, s world.Setup) (w, other *world.World, store *aroundGets) {
	inner := memstore.New()
	store = &aroundGets{Store: inner}
	s.Store = store
	w = world.New(t, s)
	s.Store, s.DSN = inner, w.DSN
	s.Options, s.Config = nil, nil
	return w, world.New(t, s), store
}

// TestVerify_changedThereAndBack: the post appears after the first look at the
// timeline, is there when the table is looked at, and is gone by the second
// look, each time relayed at once. Only the version tells.
func TestVerify_changedThereAndBack(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, other, store := beside(t, world.Setup{Dialect: dialect})
		w.Seed()
		publish := func(published bool) {
			other.Must(other.DB.Model(&world.Post{ID: 10}).Update("published", published).Error)
			other.Drain()
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
		got, report := w.Verify(timakgorm.VerifyOptions{Keys: []string{"author:1:posts"}})
		if len(got) > 0 || !report.Clean() || store.gets.Load() < 3 {
			t.Errorf("got %q after %d looks, want nothing after three", got, store.gets.Load())
		}
	})
}

// TestVerify_roomTaken: an item that had room, by the first look, has none by
// the second.
func TestVerify_roomTaken(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{timakgorm.Track[Bare](timakgorm.Rule{Key: "posts"})}
		w, other, store := beside(t, world.Setup{
			Dialect: dialect, Engine: &timak.Options{MaxItems: 3}, Models: []any{&Bare{}}, Tracked: models,
		})
		for n := range 10 {
			w.Must(w.DB.Create(&Bare{ID: uint(n + 1), CreatedAt: world.At(n)}).Error)
			w.Drain()
		}
		_, err := w.Timelines.Apply(t.Context(), "posts", timak.RemoveEntry("bares:8", ""))
		w.Must(err)
		w.WantIDs("posts", "bares:10", "bares:9")
		store.gets.Store(0)
		store.before = func(n int64) {
			if n == 2 {
				other.Must(other.DB.Create(&Bare{ID: 11, CreatedAt: world.At(11)}).Error)
				other.Drain()
			}
		}
		if got, report := w.Verify(timakgorm.VerifyOptions{}); len(got) > 0 || !report.Clean() || store.gets.Load() != 2 {
			t.Errorf("got %q after %d looks, want nothing after two", got, store.gets.Load())
		}
		store.before = nil
		w.WantIDs("posts", "bares:11", "bares:10", "bares:9")
	})
}

// TestRebuild_rowComes: a row comes, and is relayed, at any moment before what
// had been an item of no row is removed. It stays.
func TestRebuild_rowComes(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for access := int64(1); rowComes(t, dialect, access) && !t.Failed(); access++ {
		}
	})
}

// rowComes reports false if there are less accesses to the store.
func rowComes(t *testing.T, dialect string, access int64) (came bool) {
	w, other, store := beside(t, world.Setup{Dialect: dialect})
	w.Seed()
	w.Drain()
	w.Apply("author:1:posts", timak.Put(timak.Item{ID: "posts:999", At: world.At(1)}))
	store.gets.Store(0)
	store.before = func(n int64) {
		if n == access {
			came = true
			other.Must(other.DB.Create(&world.Post{ID: 999, AuthorID: 1, Published: true, CreatedAt: world.At(50)}).Error)
			other.Drain()
		}
		if n > access {
			if got := other.IDs("author:1:posts"); len(got) != 3 || got[0] != "posts:999" {
				t.Errorf("it came before access %d; before access %d there is %q", access, n, got)
			}
		}
	}
	_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{"author:1:posts"}})
	w.Must(err)
	store.before = nil
	w.Check()
	return came
}
