package timakgorm_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/migrations"
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

// TestNewest_trade: rows that trade places share a version, also if others have
// recorded one of them since the last statement.
func TestNewest_trade(t *testing.T) {
	t.Parallel()
	w := triggerWorld(t, setup{dialect: "sqlite", models: []any{&Slot{}}, tracked: []any{&Slot{}}})
	w.must(w.db.Create(&[]Slot{{ID: 1, Place: 1, Title: "one", CreatedAt: at(1)}, {ID: 2, Place: 2, Title: "two", CreatedAt: at(2)}}).Error)
	w.drain()
	image := `{"id":2,"place":2,"title":"two","created_at":"2026-01-01 00:02:00+00:00"}`
	w.replay(outboxRow{Tbl: "slots", Pk: "[2]", Version: time.Now().Add(time.Hour).UnixMicro(), Old: &image, New: &image})
	w.must(w.db.Exec("UPDATE slots SET place = 3 - place").Error)
	w.checkSlots()
}

// TestNewest_upgrade: an outbox of before, whose newest change is not its highest,
// beside a clock that somebody has emptied.
func TestNewest_upgrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "sqlite"})
	migrate := func(direction string) {
		t.Helper()
		text, err := migrations.FS.ReadFile("sqlite/0004_newest." + direction + ".sql")
		w.must(err)
		w.must(timakgorm.Unwatched(w.db).Exec(string(text)).Error)
	}
	migrate("down")
	w.clockSetBack(time.Now().Add(time.Hour).UnixMicro())
	post := Post{ID: 2, AuthorID: 2, Title: "first", Published: true, CreatedAt: at(2)}
	w.must(w.db.Create(&post).Error)
	image := `{"id":9,"author_id":2,"title":"","published":true,"created_at":"2026-01-01 00:02:00+00:00"}`
	w.replay(outboxRow{Tbl: "posts", Pk: "[9]", Version: 1, Old: &image})
	w.must(w.db.Exec("DELETE FROM timak_clock").Error)
	migrate("up")
	w.must(w.db.Model(&post).Update("title", "second").Error)
	w.check()
}
