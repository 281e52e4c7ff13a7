package endtoend_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/migrations"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// SQLite's clock is set back in these tests while changes wait: what comes later
// must have higher versions all the same.

// TestNewest_retry: an old change that is put back does not hide those that wait.
func TestNewest_retry(t *testing.T) {
	t.Parallel()
	w, _ := world.RefuseAuthor1(t, "sqlite", nil, 1)
	post := world.Post{ID: 2, AuthorID: 2, Title: "first", Published: true, CreatedAt: world.At(2)}
	w.ClockSetBack(time.Now().Add(time.Hour).UnixMicro())
	w.Must(w.DB.Create(&post).Error)
	w.ClockSetBack(0)
	w.Must(w.Plugin.Retry(t.Context(), world.IDsOf(w.Letters(timakgorm.DeadLetterQuery{}))...))
	w.Must(w.DB.Model(&post).Update("title", "second").Error)
	w.Check()
	w.WantIDs("author:1:posts", "posts:1")
	w.WantIDs("author:2:posts", "posts:2")
}

// TestNewest_triggers: triggers go on where callbacks were, and callbacks where
// triggers were.
func TestNewest_triggers(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite"})
	w.Seed()
	w.Drain()
	callbacks := w.Another(nil)
	w.Must(w.Plugin.DropTriggers(t.Context(), w.DB))
	w.ClockSetBack(time.Now().Add(time.Hour).UnixMicro())
	w.Must(callbacks.DB.Model(&world.Post{ID: 10}).Update("title", "by callbacks").Error)
	w.ClockSetBack(0)
	w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
	w.Must(w.DB.Model(&world.Post{ID: 12}).Update("title", "by triggers").Error)
	w.Must(w.Plugin.DropTriggers(t.Context(), w.DB))
	w.Must(callbacks.DB.Model(&world.Post{ID: 10}).Update("title", "by callbacks once more").Error)
	callbacks.Check()
}

// TestNewest_trade: rows that trade places share a version, also if others have
// recorded one of them since the last statement.
func TestNewest_trade(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite", Models: []any{&world.Slot{}}, Tracked: []any{&world.Slot{}}})
	w.Must(w.DB.Create(&[]world.Slot{{ID: 1, Place: 1, Title: "one", CreatedAt: world.At(1)}, {ID: 2, Place: 2, Title: "two", CreatedAt: world.At(2)}}).Error)
	w.Drain()
	image := `{"id":2,"place":2,"title":"two","created_at":"2026-01-01 00:02:00+00:00"}`
	w.Replay(world.OutboxRow{Tbl: "slots", Pk: "[2]", Version: time.Now().Add(time.Hour).UnixMicro(), Old: &image, New: &image})
	w.Must(w.DB.Exec("UPDATE slots SET place = 3 - place").Error)
	w.CheckSlots()
}

// TestNewest_upgrade: an outbox of before, whose newest change is not its highest,
// beside a clock that somebody has emptied.
func TestNewest_upgrade(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite"})
	migrate := func(direction string) {
		t.Helper()
		text, err := migrations.FS.ReadFile("sqlite/0004_newest." + direction + ".sql")
		w.Must(err)
		w.Must(timakgorm.Unwatched(w.DB).Exec(string(text)).Error)
	}
	migrate("down")
	w.ClockSetBack(time.Now().Add(time.Hour).UnixMicro())
	post := world.Post{ID: 2, AuthorID: 2, Title: "first", Published: true, CreatedAt: world.At(2)}
	w.Must(w.DB.Create(&post).Error)
	image := `{"id":9,"author_id":2,"title":"","published":true,"created_at":"2026-01-01 00:02:00+00:00"}`
	w.Replay(world.OutboxRow{Tbl: "posts", Pk: "[9]", Version: 1, Old: &image})
	w.Must(w.DB.Exec("DELETE FROM timak_clock").Error)
	migrate("up")
	w.Must(w.DB.Model(&post).Update("title", "second").Error)
	w.Check()
}
