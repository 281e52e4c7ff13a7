package timakgorm_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
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
