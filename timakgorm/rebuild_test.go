package timakgorm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm"
)

// remains rebuilds, and returns the lines of what differed, of which so many
// remain.
func (w *world) remains(n int) string {
	w.Helper()
	report, err := w.plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{})
	w.must(err)
	if report.Remaining != n || report.Unsettled > 0 {
		w.Errorf("Rebuild: got %+v, want %d remaining", report, n)
	}
	return strings.Join(linesOf(report), "\n")
}

// TestRebuild_farAhead: versions that are far ahead of the clock are not
// followed. Items of no row are removed, others remain with the reason, and the
// versions of all other rows are as they would have been.
func TestRebuild_farAhead(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for _, version := range []int64{time.Now().Add(25 * time.Hour).UnixMicro(), timak.MaxVersion} {
			w := newWorld(t, setup{dialect: dialect})
			w.seed()
			w.drain()
			w.apply("author:1:posts", timak.Put(timak.Item{ID: "posts:99", At: at(1)}).WithVersion(version))
			w.apply("author:1:posts", timak.Put(timak.Item{ID: "posts:10", At: at(1)}).WithVersion(version))
			w.apply("site:posts", timak.RemoveEntry("posts:12", "").WithVersion(version))
			got := w.remains(2)
			for _, want := range []string{"author:1:posts: posts:10 misplaced: at", "site:posts: posts:12 missing: its version", "more than a day ahead"} {
				if !strings.Contains(got, want) {
					t.Errorf("Rebuild found %q, want %q in it", got, want)
				}
			}
			if strings.Contains(strings.Join(w.ids("author:1:posts"), " "), "posts:99") {
				t.Error("the item of no row is still there")
			}
			w.wantUnpoisoned(version)
		}
	})
}

// wantUnpoisoned makes changes, and compares their versions with the clock.
func (w *world) wantUnpoisoned(version int64) {
	w.Helper()
	w.must(w.db.Create(&Post{ID: 99, AuthorID: 9, Published: true, CreatedAt: at(2)}).Error)
	for _, change := range w.changes() {
		if limit := time.Now().Add(time.Hour).UnixMicro(); change.Version > limit {
			w.Errorf("a change after Rebuild met version %d has version %d, want at most %d", version, change.Version, limit)
		}
	}
	w.wantIDs("author:9:posts", "posts:99")
	if w.dead() > 0 {
		w.Errorf("dead letters: %+v", w.deadLetters())
	}
}

// TestRebuild_farAheadAlready: where the versions themselves are far ahead of
// the clock, since it was set back, all is mended as ever.
func TestRebuild_farAheadAlready(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.must(w.db.Exec(fmt.Sprintf("UPDATE timak_clock SET high = %d", time.Now().Add(1000*time.Hour).UnixMicro())).Error)
		w.seed()
		w.drain()
		w.apply("author:1:posts", timak.Remove("posts:10"), timak.Put(timak.Item{ID: "posts:99", At: at(1)}))
		w.wantRepaired(2)
	})
}

// TestRebuild_lockedRow: a row that another transaction keeps locked remains as
// it is, and keeps no other from being mended.
func TestRebuild_lockedRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres"})
	w.plugin.JudgeTimes(4)
	for id := range uint(5) {
		w.must(w.db.Create(&Post{ID: id + 1, AuthorID: id + 1, Published: true, CreatedAt: at(int(id))}).Error)
	}
	w.drain()
	for id := range 5 {
		w.apply(fmt.Sprintf("author:%d:posts", id+1), timak.Remove(fmt.Sprintf("posts:%d", id+1)))
	}
	tx := w.bare().Begin()
	defer tx.Rollback()
	w.must(tx.Exec("SELECT 1 FROM posts WHERE id = 3 FOR UPDATE").Error)
	w.remains(1)
	w.wantDifferences("author:3:posts: posts:3 missing")
	w.must(tx.Rollback().Error)
	w.wantRepaired(1)
}

// troubled is a world in which timelines of author 1 cannot be written, for a
// reason that may pass and is no outage.
func troubled(t *testing.T, dialect string) (*world, *faulty) {
	store := newFaulty()
	w := newWorld(t, setup{dialect: dialect, store: store})
	w.plugin.JudgeTimes(4)
	return w, store
}

var errNoSpace = errors.New("no space left on device")

// wantTried compares how often the change that waits has been tried.
func (w *world) wantTried(most int) {
	w.Helper()
	changes := w.changes()
	if w.dead() > 0 || len(changes) != 1 || changes[0].Attempts > most {
		w.Errorf("%d dead letters, changes %+v; want one that was tried at most %d times", w.dead(), changes, most)
	}
}

// TestRebuild_storeTrouble: while the store has trouble that may pass, Rebuild
// does not use up the tries of the changes that wait, nor of those of its own.
func TestRebuild_storeTrouble(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w, store := troubled(t, dialect)
		store.before(failingPuts("author:1:posts", errNoSpace))
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: at(1)}).Error)
		for n := range 3 {
			report, err := w.plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
			if w.must(err); report.Unsettled != 1 || report.Clean() {
				t.Errorf("got %+v, want the item that waits unsettled", report)
			}
			w.wantTried(n + 4) // once when due, and once for each run
		}
		store.before(nil)
		w.wantRepaired(0) // tried at once, though it was put off
	})
	t.Run("its own", func(t *testing.T) {
		t.Parallel()
		w, store := troubled(t, "sqlite")
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: at(1)}).Error)
		w.drain()
		w.apply("author:1:posts", timak.Remove("posts:1"))
		store.before(failingPuts("author:1:posts", errNoSpace))
		report, err := w.plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		if w.must(err); report.Unsettled != 1 || report.Missing != 1 {
			t.Errorf("got %+v, want the item that was missing unsettled", report)
		}
		w.wantTried(8) // with the waits of the relay, in some ten seconds
		store.before(nil)
		w.wantRepaired(0)
	})
}

// TestRebuild_deadLetters: a row that the store does not take is tried once in a
// run, and has one dead letter, however many runs there are, beside the one that
// says what it was before.
func TestRebuild_deadLetters(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := newFaulty()
		w := newWorld(t, setup{dialect: dialect, store: store})
		w.must(w.db.Create(&Post{ID: 2, AuthorID: 1, Title: "taken", Published: true, CreatedAt: at(2)}).Error)
		w.drain()
		store.before(failingPuts("author:1:posts", driver.ErrTooLarge))
		w.must(w.db.Model(&Post{ID: 2}).Update("title", "not taken").Error)
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Title: "not taken", Published: true, CreatedAt: at(1)}).Error)
		w.drain()
		var last int64
		for range 3 {
			w.remains(2)
			letters := w.deadLetters()
			if len(letters) != 3 || letters[0].Pk != "[2]" || letters[0].Old == nil {
				t.Fatalf("dead letters: got %+v, want the update of post 2, and one for each post", letters)
			}
			if id := letters[2].ID; id != last+2 && last > 0 {
				t.Errorf("the last dead letter is %d after %d: want each row recorded once", id, last)
			}
			last = letters[2].ID
		}
		store.before(nil)
		w.must(w.db.Model(&Post{}).Where("id > 0").Update("title", "taken again").Error)
		w.drain()
		w.wantDifferences()
	})
}
