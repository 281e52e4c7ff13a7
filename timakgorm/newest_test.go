package timakgorm_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// SQLite's clock is set back in these tests while changes wait: what comes later
// must have higher versions all the same.

// TestNewest_retry: an old change that is put back does not hide those that wait.
func TestNewest_retry(t *testing.T) {
	t.Parallel()
	w, _ := refuseAuthor1(t, "sqlite", nil, 1)
	post := Post{ID: 2, AuthorID: 2, Title: "first", Published: true, CreatedAt: at(2)}
	w.clockSetBack(time.Now().Add(time.Hour).UnixMicro())
	w.must(w.db.Create(&post).Error)
	w.clockSetBack(0)
	w.must(w.plugin.Retry(t.Context(), idsOf(w.letters(timakgorm.DeadLetterQuery{}))...))
	w.must(w.db.Model(&post).Update("title", "second").Error)
	w.check()
	w.wantIDs("author:1:posts", "posts:1")
	w.wantIDs("author:2:posts", "posts:2")
}

// TestNewest_triggers: triggers go on where callbacks were, and callbacks where
// triggers were.
func TestNewest_triggers(t *testing.T) {
	t.Parallel()
	w := triggerWorld(t, setup{dialect: "sqlite"})
	w.seed()
	w.drain()
	callbacks := w.another(nil)
	w.must(w.plugin.DropTriggers(t.Context(), w.db))
	w.clockSetBack(time.Now().Add(time.Hour).UnixMicro())
	w.must(callbacks.db.Model(&Post{ID: 10}).Update("title", "by callbacks").Error)
	w.clockSetBack(0)
	w.must(w.plugin.InstallTriggers(t.Context(), w.db))
	w.must(w.db.Model(&Post{ID: 12}).Update("title", "by triggers").Error)
	w.must(w.plugin.DropTriggers(t.Context(), w.db))
	w.must(callbacks.db.Model(&Post{ID: 10}).Update("title", "by callbacks once more").Error)
	callbacks.check()
}
