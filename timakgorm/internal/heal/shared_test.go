package heal_test

import (
	"slices"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// ear is a feed of ear 1, which listens to singer 1 and to radio 1.
func ear(t *testing.T, dialect string) *world.World {
	t.Helper()
	w := songs(t, world.Setup{Dialect: dialect}, timakgorm.Callbacks)
	w.Must(w.DB.Create(&Listen{EarID: 1, SingerID: 1}).Error)
	w.Must(w.DB.Create(&Tune{EarID: 1, Radio: 1}).Error)
	w.Drain()
	return w
}

// wantSongs compares all pages of the feed, and what the timeline itself shows, with songs.
func wantSongs(w *world.World, shows int, want ...string) {
	w.Helper()
	for _, limit := range []int{2, 5, 20} {
		if got := pages(w, "ear:1", limit); !slices.Equal(got, want) {
			w.Errorf("by %d:\n\tgot  %v\n\twant %v", limit, got, want)
		}
	}
	if got := w.IDs("ear:1"); !slices.Equal(got, want[:shows]) {
		w.Errorf("the timeline shows %v, want %v", got, want[:shows])
	}
}

// descending returns the songs from one number down to another, without some.
func descending(from, to int, without ...int) (ids []string) {
	for n := from; n >= to; n-- {
		if !slices.Contains(without, n) {
			ids = append(ids, number(0, uint(n-1), uint(n))...)
		}
	}
	return ids
}

// TestManyRows: several rows may put one item on a timeline. They take up the room of one, and
// do not hide what follows.
func TestManyRows(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, played := range []string{"before", "after"} { // the radio was found
			t.Run(played, func(t *testing.T) {
				t.Parallel()
				w := songs(t, world.Setup{Dialect: dialect}, timakgorm.Callbacks)
				tune := func() {
					w.Must(w.DB.Create(&Tune{EarID: 1, Radio: 1}).Error)
					w.Drain()
				}
				if played == "after" {
					tune()
				}
				for id := range uint(12) {
					for range 8 {
						w.Must(w.DB.Create(&Play{SongID: id + 1, Radio: 1, Day: int64(id + 1)}).Error)
					}
				}
				if played == "before" {
					tune()
				}
				w.Drain()
				wantSongs(w, 6, descending(12, 1)...)
				w.WantDifferences()
				w.Must(w.DB.Where("song_id = 9").Delete(&Play{}).Error)
				w.Drain()
				wantSongs(w, 6, descending(12, 1, 9)...)
				w.WantDifferences()
				w.Must(w.DB.Where("song_id > 6").Delete(&Play{}).Error)
				w.Drain()
				wantSongs(w, 6, descending(6, 1)...)
				w.Apply("ear:1", timak.RemoveEntry("songs:1", "radio:1"))
				w.WantDifferences("ear:1: songs:1 missing")
			})
		}
	})
}

// TestTwoDates: the rows of an item may have different dates. What is put back is what each of
// them says.
func TestTwoDates(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, day := range []int64{1, 10} {
			w := ear(t, dialect)
			w.Must(w.DB.Create(song(14, 1)).Error)
			w.Must(w.DB.Create(&Play{SongID: 14, Radio: 1, Day: day}).Error)
			w.Drain()
			for id := range uint(20) {
				if id+1 != 14 {
					w.Must(w.DB.Create(song(id+1, 1)).Error)
				}
			}
			w.Drain()
			w.Must(w.DB.Delete(&Song{}, 18).Error)
			w.Drain()
			w.WantDifferences()
			w.Must(w.DB.Where("radio = 1").Delete(&Tune{}).Error)
			w.Drain()
			wantSongs(w, 6, descending(20, 1, 18)...)
			w.WantDifferences()
		}
	})
}

// TestLaterDate: an item that a later row shows at the top stays there, when its older row
// could be put back.
func TestLaterDate(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := ear(t, dialect)
		for id := range uint(20) {
			w.Must(w.DB.Create(song(id+1, 1)).Error)
		}
		w.Drain()
		w.Must(w.DB.Create(&Play{SongID: 8, Radio: 1, Day: 100}).Error)
		w.Drain()
		w.Must(w.DB.Delete(&Song{}, "id BETWEEN 11 AND 18").Error)
		w.Drain()
		if got, want := w.IDs("ear:1"), append([]string{"songs:8"}, append(descending(20, 19), descending(10, 9)...)...); !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		w.WantDifferences()
		w.Must(w.DB.Where("song_id = 8").Delete(&Play{}).Error)
		w.Drain()
		wantSongs(w, 6, append(descending(20, 19), descending(10, 1)...)...)
		w.WantDifferences()
	})
}

// TestShownBefore: an item that its timeline shows before the floor may come first behind it.
// Then the floor stays, and nobody tries for ever.
func TestShownBefore(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite", Models: []any{&Tree{}, &Fruit{}}, Tracked: []any{&Tree{}, &Fruit{}}})
	day := func(n int) time.Time { return time.UnixMicro(int64(n)).Add(300) } // more precise than a timeline
	trees := make([]Tree, 4000)
	for n := range trees {
		trees[n].Day = day(n + 1)
	}
	w.Must(w.DB.CreateInBatches(trees, 1000).Error)
	w.Must(w.DB.Create(&Fruit{TreeID: 1500, Day: day(5000)}).Error)
	w.Drain()
	w.Must(w.DB.Delete(&Tree{}, "id BETWEEN 2000 AND 3100").Error)
	w.Drain()
	timeline, err := w.Timelines.Bounded(2500).Get(t.Context(), "wood")
	w.Must(err)
	if ids := timeline.IDs(); len(ids) != 1400 || ids[0] != "trees:1500" || ids[1399] != "trees:1501" {
		t.Errorf("got %d items", len(ids))
	}
	stats, err := w.Plugin.Stats(t.Context())
	w.Must(err)
	if stats.Healed != 1 {
		t.Errorf("healed %d times, want once", stats.Healed)
	}
	w.WantDifferences()
}

// Tree is in a wood, and so is its fruit, by the same id.
type Tree struct {
	ID  uint
	Day time.Time

	_ timakgorm.Timeline `timak:"key=wood; date=Day; source=tree; max=2500"`
}

type Fruit struct {
	ID     uint
	TreeID uint
	Day    time.Time

	_ timakgorm.Timeline `timak:"key=wood; id=trees:{TreeID}; date=Day; source=fruit; max=2500"`
}

// TestVerifyRanks: Verify knows which items fit, though several rows put one of them, and which
// of its entries are missing.
func TestVerifyRanks(t *testing.T) {
	t.Parallel()
	w := ear(t, "sqlite")
	for id := range uint(20) {
		w.Must(w.DB.Create(song(id+1, 1)).Error)
	}
	w.Must(w.DB.Create(&Play{SongID: 18, Radio: 1, Day: 19}).Error)
	w.Must(w.DB.Create(&Play{SongID: 17, Radio: 1, Day: 17}).Error)
	w.Drain()
	w.WantDifferences()
	w.Apply("ear:1", timak.RemoveEntry("songs:15", "singer:1"))
	w.WantDifferences("ear:1: songs:15 missing")
	for _, of := range []string{"singer:1", "radio:1"} {
		w.Apply("ear:1", timak.RemoveEntry("songs:17", of), timak.RemoveEntry("songs:18", of))
	}
	missing, report := w.Verify(timakgorm.VerifyOptions{})
	if report.Missing != 5 {
		t.Errorf("got %d missing, %v; want both entries of 17 and 18, and that of 15", report.Missing, missing)
	}
}
