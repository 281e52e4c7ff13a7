package heal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Song is on its singer's timeline, and in the feeds of those who listen to the singer.
type Song struct {
	ID       uint
	SingerID uint
	Day      int64
	Draft    bool
	Deleted  gorm.DeletedAt

	_ timakgorm.Timeline `timak:"key=singer:{SingerID}; date=Day; when=!Draft; max=5"`
	_ timakgorm.Timeline `timak:"audience=songs; source=singer:{SingerID}; date=Day; when=!Draft"`
}

// Play brings a song to those who listen to a radio.
type Play struct {
	ID     uint
	SongID uint
	Radio  uint
	Day    int64 // of the song

	_ timakgorm.Timeline `timak:"audience=songs; source=radio:{Radio}; id=songs:{SongID}; date=Day"`
}

// Listen subscribes an ear to a singer, Tune to a radio.
type Listen struct {
	EarID    uint `gorm:"primaryKey;autoIncrement:false"`
	SingerID uint `gorm:"primaryKey;autoIncrement:false"`

	_ timakgorm.Subscription `timak:"audience=songs; key=ear:{EarID}; source=singer:{SingerID}; max=6"`
}

type Tune struct {
	EarID uint `gorm:"primaryKey;autoIncrement:false"`
	Radio uint `gorm:"primaryKey;autoIncrement:false"`

	_ timakgorm.Subscription `timak:"audience=songs; key=ear:{EarID}; source=radio:{Radio}; max=6"`
}

func songs(t *testing.T, s world.Setup, by timakgorm.Capture) *world.World {
	t.Helper()
	s.Models = []any{&Song{}, &Play{}, &Listen{}, &Tune{}}
	s.Tracked = s.Models
	return world.NewBy(t, by, s)
}

func song(id, singer uint) *Song { return &Song{ID: id, SingerID: singer, Day: int64(id)} }

// wantFull fails the test unless each timeline has what the tables have first for it, so many
// as it holds, and so have its pages.
func wantFull(w *world.World, order timak.Order) {
	w.Helper()
	w.Drain()
	direction := map[timak.Order]string{timak.NewestFirst: "DESC", timak.OldestFirst: ""}[order]
	first := func(most int, from string, args ...any) (ids []string) {
		w.Must(w.DB.Raw("SELECT "+concat(w)+" FROM ("+from+fmt.Sprintf(") s ORDER BY day %[1]s, id %[1]s LIMIT %[2]d", direction, most), args...).Scan(&ids).Error)
		return ids
	}
	for n := range 4 {
		singer, ear := fmt.Sprint("singer:", n), fmt.Sprint("ear:", n)
		want(w, singer, 5, first(5, "SELECT id, day FROM songs WHERE singer_id = ? AND NOT draft AND deleted IS NULL", n))
		want(w, ear, 6, first(6, `SELECT id, day FROM songs WHERE NOT draft AND deleted IS NULL AND singer_id IN (SELECT singer_id FROM listens WHERE ear_id = ?)
			UNION SELECT song_id, day FROM plays WHERE radio IN (SELECT radio FROM tunes WHERE ear_id = ?)`, n, n))
	}
	if w.Failed() {
		w.FailNow()
	}
}

func concat(w *world.World) string {
	if w.Dialect == "postgres" {
		return "concat('songs:', id)"
	}
	return "'songs:' || id"
}

func want(w *world.World, key string, most int, ids []string) {
	w.Helper()
	got := w.IDs(key)
	if got = got[:min(len(got), most)]; !slices.Equal(got, ids) { // an engine of no rule sees what is still to be trimmed
		w.Errorf("%s:\n\tgot  %v\n\twant %v", key, got, ids)
	}
	page, err := w.Plugin.Page(w.Context(), key, timak.Query{Limit: most})
	w.Must(err)
	var shown []string
	for _, item := range page.Items {
		shown = append(shown, item.ID)
	}
	if !slices.Equal(shown, ids) {
		w.Errorf("page of %s:\n\tgot  %v\n\twant %v", key, shown, ids)
	}
}

// TestFull: whatever is deleted, moved, drafted, followed and unfollowed, a timeline has as
// many items as it holds, if there are as many.
func TestFull(t *testing.T) {
	t.Parallel()
	t.Run("newest", func(t *testing.T) {
		t.Parallel()
		world.OverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) { mustStayFull(t, s, by, timak.NewestFirst) })
	})
	t.Run("oldest", func(t *testing.T) {
		t.Parallel()
		world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
			mustStayFull(t, world.Setup{Dialect: dialect}, by, timak.OldestFirst)
		})
	})
}

func mustStayFull(t *testing.T, s world.Setup, by timakgorm.Capture, order timak.Order) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	s.Engine = &timak.Options{Order: order}
	w := songs(t, s, by)
	for id := range uint(60) {
		w.Must(w.DB.Create(song(id+1, id%4)).Error)
	}
	wantFull(w, order)
	for range 12 {
		for range 1 + r.IntN(6) {
			change(w, r)
		}
		wantFull(w, order)
	}
	w.WantDifferences()
}

// change does something that a timeline follows.
func change(w *world.World, r *rand.Rand) {
	w.Helper()
	id, n, other := uint(1+r.IntN(60)), uint(r.IntN(4)), uint(r.IntN(4))
	unplayed := w.DB.Where("id NOT IN (SELECT song_id FROM plays)")
	switch r.IntN(9) {
	case 0:
		w.Must(w.DB.Delete(&Song{}, "singer_id = ? AND id % 5 = ?", n, r.IntN(5)).Error)
	case 1:
		w.Must(w.DB.Model(&Song{}).Where("id = ?", id).Update("draft", r.IntN(2) == 0).Error)
	case 2:
		w.Must(w.DB.Model(&Song{}).Where("id = ?", id).Update("singer_id", n).Error)
	case 3:
		w.Must(unplayed.Model(&Song{}).Where("id = ?", id).Update("day", r.IntN(80)).Error)
	case 4:
		w.Must(w.DB.Clauses(clause.OnConflict{DoNothing: true}).Create(&Listen{EarID: n, SingerID: other}).Error)
	case 5:
		w.Must(w.DB.Where("ear_id = ? AND singer_id = ?", n, other).Delete(&Listen{}).Error)
	case 6:
		w.Must(w.DB.Clauses(clause.OnConflict{DoNothing: true}).Create(&Tune{EarID: n, Radio: other}).Error)
	case 7:
		w.Must(w.DB.Where("ear_id = ? AND radio = ?", n, other).Delete(&Tune{}).Error)
	default:
		var played Song
		w.Must(w.DB.Unscoped().First(&played, id).Error)
		w.Must(w.DB.Create(&Play{SongID: id, Radio: n, Day: played.Day}).Error)
		w.Must(w.DB.Where("song_id = ?", r.IntN(60)).Delete(&Play{}).Error)
	}
}

// TestMany: a batch that makes room on more timelines than it heals leaves the others to
// times when there is nothing else to do, and so does a commit that delivers its changes.
func TestMany(t *testing.T) {
	t.Parallel()
	const singers = 80
	many := func(t *testing.T, dialect string, deliver timakgorm.Deliver) {
		w := songs(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Deliver: deliver}}, timakgorm.Callbacks)
		var all []*Song
		for singer := range uint(singers) {
			for n := range uint(8) {
				all = append(all, song(10*singer+n+1, singer))
			}
		}
		w.Must(w.DB.Create(all).Error)
		w.Drain()
		w.Must(w.DB.Delete(&Song{}, "id % 10 = 8").Error)
		w.Must(w.DB.Delete(&Song{}, "id % 10 = 7").Error)
		w.Drain()
		for singer := range uint(singers) {
			w.WantIDs(fmt.Sprint("singer:", singer), number(singer, 1, 6)...)
		}
		w.WantDifferences()
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		t.Run("in background", func(t *testing.T) { many(t, dialect, timakgorm.InBackground) })
		t.Run("on commit", func(t *testing.T) { many(t, dialect, timakgorm.OnCommit) })
	})
}

// number returns the songs of a singer after one number and up to another, the last first.
func number(singer, after, last uint) (ids []string) {
	for n := last; n > after; n-- {
		ids = append(ids, fmt.Sprint("songs:", 10*singer+n))
	}
	return ids
}
