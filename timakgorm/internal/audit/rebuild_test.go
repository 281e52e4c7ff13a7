package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/audit"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// remains rebuilds, and returns the lines of what differed, of which so many
// remain.
func remains(w *world.World, n int) string {
	w.Helper()
	report, err := w.Plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{})
	w.Must(err)
	if report.Remaining != n || report.Unsettled > 0 {
		w.Errorf("Rebuild: got %+v, want %d remaining", report, n)
	}
	return strings.Join(world.LinesOf(report), "\n")
}

// TestRebuild_farAhead: versions that are far ahead of the clock are not
// followed. Items of no row are removed, others remain with the reason, and the
// versions of all other rows are as they would have been.
func TestRebuild_farAhead(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, version := range []int64{time.Now().Add(25 * time.Hour).UnixMicro(), timak.MaxVersion} {
			w := world.New(t, world.Setup{Dialect: dialect})
			w.Seed()
			w.Drain()
			w.Apply("author:1:posts", timak.Put(timak.Item{ID: "posts:99", At: world.At(1)}).WithVersion(version))
			w.Apply("author:1:posts", timak.Put(timak.Item{ID: "posts:10", At: world.At(1)}).WithVersion(version))
			w.Apply("site:posts", timak.RemoveEntry("posts:12", "").WithVersion(version))
			got := remains(w, 2)
			for _, want := range []string{"author:1:posts: posts:10 misplaced: at", "site:posts: posts:12 missing: its version", "more than a day ahead"} {
				if !strings.Contains(got, want) {
					t.Errorf("Rebuild found %q, want %q in it", got, want)
				}
			}
			if strings.Contains(strings.Join(w.IDs("author:1:posts"), " "), "posts:99") {
				t.Error("the item of no row is still there")
			}
			wantUnpoisoned(w, version)
		}
	})
}

// wantUnpoisoned makes changes, and compares their versions with the clock.
func wantUnpoisoned(w *world.World, version int64) {
	w.Helper()
	w.Must(w.DB.Create(&world.Post{ID: 99, AuthorID: 9, Published: true, CreatedAt: world.At(2)}).Error)
	for _, change := range w.Changes() {
		if limit := time.Now().Add(time.Hour).UnixMicro(); change.Version > limit {
			w.Errorf("a change after Rebuild met version %d has version %d, want at most %d", version, change.Version, limit)
		}
	}
	w.WantIDs("author:9:posts", "posts:99")
	if w.Dead() > 0 {
		w.Errorf("dead letters: %+v", w.DeadLetters())
	}
}

// TestRebuild_farAheadAlready: where the versions themselves are far ahead of
// the clock, since it was set back, all is mended as ever.
func TestRebuild_farAheadAlready(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Must(w.DB.Exec(fmt.Sprintf("UPDATE timak_clock SET high = %d", time.Now().Add(1000*time.Hour).UnixMicro())).Error)
		w.Seed()
		w.Drain()
		w.Apply("author:1:posts", timak.Remove("posts:10"), timak.Put(timak.Item{ID: "posts:99", At: world.At(1)}))
		wantRepaired(w, 2)
	})
}

// TestRebuild_lockedRow: a row that another transaction keeps locked remains as
// it is, and keeps no other from being mended.
func TestRebuild_lockedRow(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	w.Within(audit.InHaste(w.Context()))
	for id := range uint(5) {
		w.Must(w.DB.Create(&world.Post{ID: id + 1, AuthorID: id + 1, Published: true, CreatedAt: world.At(int(id))}).Error)
	}
	w.Drain()
	for id := range 5 {
		w.Apply(fmt.Sprintf("author:%d:posts", id+1), timak.Remove(fmt.Sprintf("posts:%d", id+1)))
	}
	tx := bare(w).Begin()
	defer tx.Rollback()
	w.Must(tx.Exec("SELECT 1 FROM posts WHERE id = 3 FOR UPDATE").Error)
	remains(w, 1)
	w.WantDifferences("author:3:posts: posts:3 missing")
	w.Must(tx.Rollback().Error)
	wantRepaired(w, 1)
}

// troubled is a world in which timelines of author 1 cannot be written, for a
// reason that may pass and is no outage.
func troubled(t *testing.T, dialect string) (*world.World, *world.Faulty) {
	store := world.NewFaulty()
	w := world.New(t, world.Setup{Dialect: dialect, Store: store})
	w.Within(audit.InHaste(w.Context()))
	return w, store
}

var errNoSpace = errors.New("no space left on device")

// wantTried compares how often the change that waits has been tried.
func wantTried(w *world.World, most int) {
	w.Helper()
	changes := w.Changes()
	if w.Dead() > 0 || len(changes) != 1 || changes[0].Attempts > most {
		w.Errorf("%d dead letters, changes %+v; want one that was tried at most %d times", w.Dead(), changes, most)
	}
}

// TestRebuild_storeTrouble: while the store has trouble that may pass, Rebuild
// does not use up the tries of the changes that wait, nor of those of its own.
func TestRebuild_storeTrouble(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := troubled(t, dialect)
		store.SetBefore(world.FailingPuts("author:1:posts", errNoSpace))
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error)
		for n := range 3 {
			report, err := w.Plugin.Rebuild(audit.InHaste(t.Context()), timakgorm.RebuildOptions{})
			if w.Must(err); report.Unsettled != 1 || report.Clean() {
				t.Errorf("got %+v, want the item that waits unsettled", report)
			}
			wantTried(w, n+4) // once when due, and once for each run
		}
		store.SetBefore(nil)
		wantRepaired(w, 0) // tried at once, though it was put off
	})
	t.Run("its own", func(t *testing.T) {
		t.Parallel()
		w, store := troubled(t, "sqlite")
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error)
		w.Drain()
		w.Apply("author:1:posts", timak.Remove("posts:1"))
		store.SetBefore(world.FailingPuts("author:1:posts", errNoSpace))
		report, err := w.Plugin.Rebuild(audit.InHaste(t.Context()), timakgorm.RebuildOptions{})
		if w.Must(err); report.Unsettled != 1 || report.Missing != 1 {
			t.Errorf("got %+v, want the item that was missing unsettled", report)
		}
		wantTried(w, 8) // with the waits of the relay, in some ten seconds
		store.SetBefore(nil)
		wantRepaired(w, 0)
	})
}

// TestRebuild_deadLetters: a row that the store does not take is tried once in a
// run, and has one dead letter, however many runs there are, beside the one that
// says what it was before.
func TestRebuild_deadLetters(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		w.Must(w.DB.Create(&world.Post{ID: 2, AuthorID: 1, Title: "taken", Published: true, CreatedAt: world.At(2)}).Error)
		w.Drain()
		store.SetBefore(world.FailingPuts("author:1:posts", driver.ErrTooLarge))
		w.Must(w.DB.Model(&world.Post{ID: 2}).Update("title", "not taken").Error)
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Title: "not taken", Published: true, CreatedAt: world.At(1)}).Error)
		w.Drain()
		var last int64
		for range 3 {
			remains(w, 2)
			letters := w.DeadLetters()
			if len(letters) != 3 || letters[0].Pk != "[2]" || letters[0].Old == nil {
				t.Fatalf("dead letters: got %+v, want the update of post 2, and one for each post", letters)
			}
			if id := letters[2].ID; id != last+2 && last > 0 {
				t.Errorf("the last dead letter is %d after %d: want each row recorded once", id, last)
			}
			last = letters[2].ID
		}
		store.SetBefore(nil)
		w.Must(w.DB.Model(&world.Post{}).Where("id > 0").Update("title", "taken again").Error)
		w.Drain()
		w.WantDifferences()
	})
}
