package audience_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// A wide fan-out comes to its end in parts.
func TestFeeds_wide(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := feeds(t, dialect, timakgorm.Callbacks)
		const readers = 1200
		insertFollows(w, readers)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 1)}).Error)
		w.Drain()
		w.Must(w.DB.Delete(&Story{ID: 1}).Error)
		w.Drain()
		wantHomes(w, readers, 0, "stories:2")
		if w.Outbox() > 0 || w.Dead() > 0 {
			t.Errorf("%d changes wait, %d are dead", w.Outbox(), w.Dead())
		}
	})
}

// insertFollows has readers 1 to n follow author 1 before anybody has published: what
// nobody captures brings nothing.
func insertFollows(w *world.World, n int) {
	w.Helper()
	plain := world.OpenDSN(w, w.Dialect, w.DSN, nil)
	w.Must(plain.Exec(`INSERT INTO subscribes (reader_id, author_id, muted)
		WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < ?) SELECT n, 1, false FROM r`, n).Error)
}

// TestFeeds_narrow: however many wide fan-outs wait, a story of few readers comes with
// the second batch.
func TestFeeds_narrow(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models, store := []any{&Subscribe{}, &Story{}}, world.NewFaulty()
		w := world.New(t, world.Setup{
			Dialect: dialect, Models: models, Tracked: models, Store: store, Options: &timakgorm.Options{Batch: 10},
		})
		const readers = 2500
		insertFollows(w, readers)
		w.Must(w.DB.Create(&Subscribe{ReaderID: readers + 1, AuthorID: 2}).Error)
		w.Drain()
		var all []*Story
		for id := range uint(10) {
			all = append(all, story(id+1, 1))
		}
		w.Must(w.DB.Create(append(all, story(11, 2))).Error)
		var puts, before atomic.Int64
		store.SetAfter(func(_ context.Context, call drivertest.Call) error {
			if call.Op == drivertest.Put {
				puts.Add(1)
			}
			if call.Op == drivertest.Put && call.Key == home(readers+1) {
				before.Store(puts.Load())
			}
			return nil
		})
		w.Drain()
		if n := before.Load(); n == 0 || n > 2*1000+1 {
			t.Errorf("%d feeds came before the narrow one, want at most those of two batches", n)
		}
		w.WantIDs(home(readers+1), "stories:11")
		w.WantIDs(home(readers), "stories:10", "stories:9", "stories:8", "stories:7", "stories:6", "stories:5", "stories:4", "stories:3", "stories:2", "stories:1")
	})
}

// written returns how many ops the world's relay has applied.
func written(w *world.World) int {
	w.Helper()
	stats, err := w.Plugin.Stats(w.Context())
	w.Must(err)
	return int(stats.Ops)
}

// TestFeeds_crash: a relay that takes over goes on where the one before has come to.
func TestFeeds_crash(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := faulty(t, dialect, timakgorm.Callbacks)
		const readers = 2500
		insertFollows(w, readers)
		w.Must(w.DB.Create(story(1, 1)).Error)
		var puts atomic.Int64
		ctx, crash := context.WithCancel(t.Context())
		store.SetBefore(func(_ context.Context, call drivertest.Call) error {
			if call.Op == drivertest.Put && puts.Add(1) == 2300 {
				crash()
			}
			return nil
		})
		_ = w.Plugin.Drain(ctx)
		crash()
		if n := puts.Load(); n < 2300 || n > 3000 {
			t.Fatalf("the relay ended after %d puts, want it within the third part", n)
		}
		store.SetBefore(nil)
		other := w.Another(nil)
		other.Drain()
		wantHomes(w, readers, 0, "stories:1")
		if twice := written(w) + written(other) - readers; twice < 0 || twice > 1000 {
			t.Errorf("%d feeds were told twice, want at most one part", twice)
		}
	})
}

// TestFeeds_onCommit: a commit with a wide fan-out brings a part of it, and the relay
// goes on from there.
func TestFeeds_onCommit(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Subscribe{}, &Story{}}
		w := world.New(t, world.Setup{
			Dialect: dialect, Models: models, Tracked: models,
			Options: &timakgorm.Options{Deliver: timakgorm.OnCommit, DeliverTimeout: time.Minute},
		})
		const readers = 1500
		insertFollows(w, readers)
		w.Must(w.DB.Create(story(1, 1)).Error)
		if got := w.IDs(home(1)); len(got) != 1 {
			t.Errorf("got %v after the commit, want the story", got)
		}
		w.Drain()
		wantHomes(w, readers, 0, "stories:1")
		if twice := written(w) - readers; twice != 0 {
			t.Errorf("%d feeds were told twice, want none", twice)
		}
	})
}

// TestFeeds_nullKeys: rows without a whole primary key, which SQLite allows, are passed
// over, however many there are.
func TestFeeds_nullKeys(t *testing.T) {
	t.Parallel()
	w := feeds(t, "sqlite", timakgorm.Callbacks)
	plain := world.OpenDSN(t, "sqlite", w.DSN, nil)
	w.Must(plain.Exec("DROP TABLE subscribes").Error)
	w.Must(plain.Exec("CREATE TABLE subscribes (reader_id integer, author_id integer, muted numeric, deleted_at datetime, PRIMARY KEY (reader_id, author_id))").Error)
	w.Must(plain.Exec(`INSERT INTO subscribes (reader_id, author_id, muted)
		WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1500) SELECT NULL, 1, false FROM r`).Error)
	insertFollows(w, 20)
	w.Must(w.DB.Create(story(1, 1)).Error)
	w.Drain()
	wantHomes(w, 20, 0, "stories:1")
}

// TestFeeds_edited: a story that is edited all the time reaches its last reader none the
// less, and in the end all have the last edit.
func TestFeeds_edited(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := faulty(t, dialect, timakgorm.Callbacks)
		const readers, edits = 1500, 5
		insertFollows(w, readers)
		w.Must(w.DB.Create(story(1, 1)).Error)
		var puts, edited, reached atomic.Int64
		store.SetAfter(func(_ context.Context, call drivertest.Call) error {
			if call.Op != drivertest.Put {
				return nil
			}
			if call.Key == home(readers) {
				reached.CompareAndSwap(0, puts.Load())
			}
			if n := puts.Add(1); n%900 == 0 && edited.Load() < edits {
				w.Must(w.DB.Model(&Story{ID: 1}).Update("title", fmt.Sprint("edit", edited.Add(1))).Error)
			}
			return nil
		})
		w.Drain()
		if n := reached.Load(); n > readers {
			t.Errorf("the last of %d readers got the story after %d puts", readers, n)
		}
		for _, reader := range []int{1, readers / 2, readers} {
			w.WantData(home(reader), fmt.Sprintf(`{"title":"edit%d"}`, edited.Load()))
		}
	})
}

// TestFeeds_many: however many subscriptions change at once, a story comes with one of the
// next batches.
func TestFeeds_many(t *testing.T) {
	t.Parallel()
	w, store := faulty(t, "postgres", timakgorm.Callbacks)
	w.Must(w.DB.Create(story(1, 1)).Error)
	w.Must(w.DB.Create(&Subscribe{ReaderID: 9999, AuthorID: 2}).Error)
	w.Drain()
	const readers = 1100
	var all []Subscribe
	for reader := range readers {
		all = append(all, Subscribe{ReaderID: uint(reader + 1), AuthorID: 1})
	}
	w.Must(w.DB.CreateInBatches(&all, 500).Error)
	w.Must(w.DB.Create(story(2, 2)).Error)
	var puts, before atomic.Int64
	store.SetAfter(func(_ context.Context, call drivertest.Call) error {
		if call.Op == drivertest.Put {
			puts.Add(1)
		}
		if call.Key == home(9999) {
			before.CompareAndSwap(0, puts.Load())
		}
		return nil
	})
	w.Drain()
	if n := before.Load(); n > 1001 {
		t.Errorf("%d feeds came before the story, want at most those of one batch", n)
	}
	wantHomes(w, readers, 0, "stories:1")
	w.WantDifferences()
}
