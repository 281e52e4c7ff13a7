package heal_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// calls is how many calls of the store a timeline gets when one song is deleted and it is
// healed: the removal, the look at its room, and what was read from the tables then.
const calls = 3

// TestMeanwhile: whatever another relay does between two calls of the store while a
// timeline is healed, pages have what the tables have.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(w *world.World, slow *gorm.DB){
		// It fills the timeline, and another song falls off that was recorded long ago and
		// committed after the look.
		"a song falls off": func(w *world.World, slow *gorm.DB) {
			w.Must(slow.Commit().Error)
			w.Must(w.DB.Create(&Song{ID: 10, SingerID: 1, Day: 100}).Error)
		},
		"the song is deleted":   func(w *world.World, _ *gorm.DB) { w.Must(w.DB.Delete(&Song{}, 4).Error) },
		"the song is another's": func(w *world.World, _ *gorm.DB) { w.Must(w.DB.Model(&Song{ID: 4}).Update("singer_id", 2).Error) },
		"the song is older":     func(w *world.World, _ *gorm.DB) { w.Must(w.DB.Model(&Song{ID: 4}).Update("day", 5).Error) },
		"the song is newest":    func(w *world.World, _ *gorm.DB) { w.Must(w.DB.Model(&Song{ID: 4}).Update("day", 95).Error) },
		"nobody listens": func(w *world.World, _ *gorm.DB) {
			w.Must(w.DB.Where("singer_id = 1").Delete(&Listen{}).Error)
		},
		"nobody listened for a while": func(w *world.World, slow *gorm.DB) {
			w.Must(w.DB.Where("singer_id = 1").Delete(&Listen{}).Error)
			w.Drain()
			w.Must(slow.Commit().Error)
			w.Must(w.DB.Create(&Listen{EarID: 1, SingerID: 1}).Error)
		},
	} {
		for n := range 2 * calls {
			key, call := []string{"singer:1", "ear:1"}[n/calls], n%calls+1
			t.Run(fmt.Sprintf("%s before call %d of %s", name, call, key), func(t *testing.T) {
				t.Parallel()
				store := world.NewFaulty()
				w := songs(t, world.Setup{Dialect: "postgres", Store: store}, timakgorm.Callbacks)
				w.Must(w.DB.Create([]*Listen{{EarID: 1, SingerID: 1}, {EarID: 1, SingerID: 2}}).Error)
				for id := range uint(9) {
					w.Must(w.DB.Create([]*Song{{ID: id + 1, SingerID: 1, Day: int64(10*id) + 10}}).Error)
				}
				w.Must(w.DB.Create(&Song{ID: 20, SingerID: 2, Day: 15}).Error)
				w.Drain()
				other := w.Another(nil)
				other.Timelines = timak.New(store.Memory, nil)
				other.DB = world.OpenDSN(t, w.Dialect, w.DSN, nil)
				other.Use(nil)
				slow := other.DB.Begin()
				w.Must(slow.Create(&Song{ID: 30, SingerID: 1, Day: 35}).Error)

				w.Must(w.DB.Delete(&Song{}, 7).Error)
				var seen atomic.Int64
				store.SetBefore(func(_ context.Context, of drivertest.Call) error {
					if of.Key == key && seen.Add(1) == int64(call) {
						meanwhile(other, slow)
						other.Drain()
					}
					return nil
				})
				w.Drain()
				store.SetBefore(nil)
				slow.Rollback()
				if n := seen.Load(); n < int64(call) {
					t.Fatalf("got %d calls of the store, want %d", n, call)
				}
				wantPages(w, "singer:1", "SELECT id FROM songs WHERE singer_id = 1 AND deleted IS NULL ORDER BY day DESC, id DESC")
				wantPages(w, "ear:1", "SELECT id FROM songs WHERE deleted IS NULL AND singer_id IN (SELECT singer_id FROM listens WHERE ear_id = 1) ORDER BY day DESC, id DESC")
				w.WantDifferences()
			})
		}
	}
}

// wantPages compares all pages of a timeline with a query.
func wantPages(w *world.World, key, query string) {
	w.Helper()
	w.Drain()
	var ids []uint
	w.Must(w.DB.Raw(query).Scan(&ids).Error)
	var want []string
	for _, id := range ids {
		want = append(want, fmt.Sprint("songs:", id))
	}
	if got := pages(w, key, 2); !slices.Equal(got, want) {
		w.Errorf("%s:\n\tgot  %v\n\twant %v", key, got, want)
	}
}

// pages returns the ids of all pages of a timeline.
func pages(w *world.World, key string, limit int) (ids []string) {
	w.Helper()
	query := timak.Query{Limit: limit}
	for more := true; more; {
		page, err := w.Plugin.Page(w.Context(), key, query)
		w.Must(err)
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		more, query.Cursor = page.More, page.Next
	}
	return ids
}

// TestUnderWay: a row that a writer has locked is not put, whatever becomes of it, and the
// timeline is healed later.
func TestUnderWay(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		for name, c := range map[string]struct {
			under func(*gorm.DB) error
			last  string
		}{
			"delete": {func(tx *gorm.DB) error { return tx.Delete(&Song{}, 4).Error }, "songs:3"},
			"move":   {func(tx *gorm.DB) error { return tx.Model(&Song{ID: 4}).Update("singer_id", 3).Error }, "songs:3"},
			"lock":   {func(tx *gorm.DB) error { return tx.Exec("SELECT 1 FROM songs WHERE id = 4 FOR UPDATE").Error }, "songs:4"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := songs(t, world.Setup{Dialect: "postgres"}, by)
				for id := range uint(9) {
					w.Must(w.DB.Create(song(id+1, 1)).Error)
				}
				w.Drain()
				slow := w.DB.Begin()
				w.Must(c.under(slow))
				w.Must(w.DB.Delete(&Song{}, 7).Error)
				w.WantIDs("singer:1", "songs:9", "songs:8", "songs:6", "songs:5")
				w.Must(slow.Commit().Error)
				w.Drain()
				w.WantDifferences()
				defer w.Run()()
				w.Await("the timeline to be full", func() bool {
					return slices.Equal(w.IDs("singer:1"), []string{"songs:9", "songs:8", "songs:6", "songs:5", c.last})
				})
				w.WantDifferences()
			})
		}
	})
}

// TestMoments: what a relay drops, and what it puts when it heals, has a moment at or after
// that at which it was read. A heal of an earlier one does not make it good.
func TestMoments(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := songs(t, world.Setup{Dialect: dialect, Store: store}, timakgorm.Callbacks)
		moment := func() (latest int64) {
			t.Helper()
			from := map[string]string{"postgres": "SELECT last_value FROM timak_versions", "sqlite": "SELECT max(high, coalesce((SELECT max(version) FROM timak_outbox), 0)) FROM timak_clock"}[dialect]
			w.Must(w.DB.Raw(from).Scan(&latest).Error)
			return latest
		}
		heals := func(moment int64, want timak.Outcome) {
			t.Helper()
			entries, err := w.Timelines.Entries(t.Context(), "singer:1")
			w.Must(err)
			floor, _ := entries.Floor()
			results, err := w.Timelines.AsOf(moment).Apply(t.Context(), "singer:1", timak.Heal(floor, nil, moment))
			w.Must(err)
			if got := results[0].Outcome; got != want {
				t.Errorf("heal of the moment %d: got %v, want %v", moment, got, want)
			}
		}
		for id := range uint(9) {
			w.Must(w.DB.Create(song(id+1, 1)).Error)
		}
		read := moment()
		w.Drain()
		heals(read, timak.Superseded)

		var put int64
		w.Must(w.DB.Delete(&Song{}, 7).Error)
		var calls atomic.Int64
		store.SetBefore(func(context.Context, drivertest.Call) error {
			if calls.Add(1) == 3 { // the put of the heal
				put = moment()
			}
			return nil
		})
		w.WantIDs("singer:1", "songs:9", "songs:8", "songs:6", "songs:5", "songs:4")
		store.SetBefore(nil)
		_, err := w.Timelines.Bounded(5).AsOf(1).Apply(t.Context(), "singer:1", timak.Put(timak.Item{ID: "songs:99", At: time.UnixMicro(99)}))
		w.Must(err) // 4 falls off
		heals(put, timak.Superseded)
		heals(put+1, timak.Applied)
	})
}
