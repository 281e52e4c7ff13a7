package beyond_test

import (
	"slices"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Taster subscribes to the first three notes of an author, and what comes then.
type Taster struct {
	ID       uint
	ReaderID uint
	AuthorID uint

	_ timakgorm.Subscription `timak:"audience=notes; key=taster:{ReaderID}; source=author:{AuthorID}; copy=3"`
}

// A subscription brings as many items as its rule says. Those before them are read from the
// tables, and missing by no account.
func TestPage_copy(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Note{}, &Follow{}, &Wish{}, &Taster{}}
		w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		for n := range 8 {
			w.Must(w.DB.Create(&Note{ID: uint(n + 1), AuthorID: 1, CreatedAt: world.At(n)}).Error)
		}
		w.Must(w.DB.Create(&Taster{ID: 1, ReaderID: 7, AuthorID: 1}).Error)
		w.Drain()
		const key = "taster:7"
		w.WantIDs(key, "notes:8", "notes:7", "notes:6")
		w.Must(w.DB.Create(&Note{ID: 9, AuthorID: 1, CreatedAt: world.At(9)}).Error)
		w.WantIDs(key, "notes:9", "notes:8", "notes:7", "notes:6")
		want := []string{"notes:9", "notes:8", "notes:7", "notes:6", "notes:5", "notes:4", "notes:3", "notes:2", "notes:1"}
		if forward, backward := pages(w, key, 2); !slices.Equal(forward, want) || !slices.Equal(backward, want) {
			t.Errorf("got %v and back %v, want %v", forward, backward, want)
		}
		w.WantDifferences()
		if report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{}); err != nil || report.Found() > 0 {
			t.Errorf("Rebuild: got %+v, %v, want nothing to do", report, err)
		}

		_, err := w.Timelines.Apply(t.Context(), key, timak.RemoveSource("author:1")) // as if they had been lost
		w.Must(err)
		_, err = w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		w.Must(err)
		w.WantIDs(key, "notes:9", "notes:8", "notes:7")
		w.WantDifferences()
		w.Must(w.DB.Create(&Taster{ID: 2, ReaderID: 7, AuthorID: 1}).Error) // once more
		w.Must(w.DB.Delete(&Taster{}, 1).Error)
		w.WantIDs(key, "notes:9", "notes:8", "notes:7")
		w.Must(w.DB.Delete(&Taster{}, 2).Error)
		w.WantIDs(key)
		if forward, _ := pages(w, key, 2); len(forward) > 0 {
			t.Errorf("got %v after the end of the subscription, want nothing", forward)
		}
	})
}
