package relay_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

var (
	notesByTopic = timakgorm.Rule{Key: "topic:{Topic}"}
	notesByOwner = timakgorm.Rule{Key: "owner:{Owner}"}
)

// newerProgram is one that has another rule for notes, of the same database and
// timelines.
func newerProgram(w *world.World, options *timakgorm.Options) *world.World {
	w.Helper()
	newer := &world.World{TB: w.TB, Dialect: w.Dialect, DSN: w.DSN, Timelines: w.Timelines}
	plugin, err := timakgorm.New(w.Timelines, options)
	w.Must(err)
	w.Must(plugin.Register(timakgorm.Track[world.Note](notesByTopic, notesByOwner)))
	newer.Plugin, newer.DB = plugin, world.OpenDSN(w.TB, w.Dialect, w.DSN, nil)
	w.Must(newer.DB.Use(plugin))
	return newer
}

func noteWorld(t *testing.T, dialect string, options *timakgorm.Options) *world.World {
	return world.New(t, world.Setup{Dialect: dialect, Options: options, Models: []any{&world.Note{}}, Tracked: []any{timakgorm.Track[world.Note](notesByTopic)}})
}

// TestNewerProgram: what a program with a rule more has written is applied by one
// without as far as it can, and left for the other, which finds all of it: those
// that stand behind a batch of such changes as well.
func TestNewerProgram(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		var log strings.Builder
		old := noteWorld(t, dialect, &timakgorm.Options{Batch: 2, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		newer := newerProgram(old, nil)
		for id := range uint(5) {
			w := newer
			if id == 4 {
				w = old
			}
			w.Must(w.DB.Create(&world.Note{ID: id + 1, Topic: "a", Owner: "x", CreatedAt: world.At(int(id))}).Error)
		}
		newer.Must(newer.DB.Model(&world.Note{ID: 1}).Update("owner", "y").Error)
		newer.Must(newer.DB.Delete(&world.Note{}, 2).Error)
		old.WantIDs("topic:a", "notes:5", "notes:4", "notes:3", "notes:1")
		old.Drain()
		if n := old.Outbox(); n != 6 {
			t.Errorf("%d changes are left, want the 6 of the newer program", n)
		}
		for _, change := range old.Changes() {
			if change.Attempts != 0 || change.RunAt == 0 || change.Error == nil || !strings.Contains(*change.Error, `column "owner"`) {
				t.Errorf("left: got %+v, want it put off without a try, with the reason", change)
			}
		}
		if n := strings.Count(log.String(), "other rules"); n != 1 {
			t.Errorf("the log says it %d times, want once a minute:\n%s", n, &log)
		}
		stats, err := old.Plugin.Stats(t.Context())
		old.Must(err)
		if stats.Applied != 1 || stats.Retried != 0 || stats.Dead != 0 {
			t.Errorf("got %+v, want one change applied", stats)
		}
		newer.WantIDs("owner:x", "notes:4", "notes:3")
		newer.WantIDs("owner:y", "notes:1")
		newer.WantIDs("topic:a", "notes:5", "notes:4", "notes:3", "notes:1")
		if n := old.Outbox() + old.Dead(); n != 0 {
			t.Errorf("%d changes are in the outbox or dead, want none", n)
		}
	})
}

// TestNewerProgramRuns: the relay of a program without the rule leaves such a
// change to the other's, with those of the same row that come later, and is in
// nobody's way.
func TestNewerProgramRuns(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		old := noteWorld(t, dialect, world.Quick())
		newer := newerProgram(old, world.Quick())
		stop := old.Run()
		newer.Must(newer.DB.Create(&world.Note{ID: 1, Topic: "a", Owner: "x", CreatedAt: world.At(1)}).Error)
		old.Await("the change to be left", func() bool { changes := old.Changes(); return len(changes) == 1 && changes[0].RunAt > 0 })
		old.Must(old.DB.Create(&world.Note{ID: 2, Topic: "a", Owner: "x", CreatedAt: world.At(2)}).Error)
		old.Must(old.DB.Model(&world.Note{ID: 1}).Update("topic", "b").Error)
		old.Await("its own to be applied", func() bool {
			return fmt.Sprint(old.IDs("topic:a"), old.IDs("topic:b")) == "[notes:2] [notes:1]"
		})
		// A relay that is stopped before it has settled its own leaves it too.
		old.Await("its own to be settled", func() bool { return old.Outbox() <= 2 })
		stop()
		if n := old.Outbox(); n != 2 {
			t.Errorf("%d changes are left, want the 2 of note 1", n)
		}
		newer.WantIDs("owner:x", "notes:1")
		newer.WantIDs("topic:b", "notes:1")
	})
}

// TestNoNewerProgram: what nobody has taken for a day is a dead letter, and the
// program with the rule may retry it.
func TestNoNewerProgram(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		old := noteWorld(t, dialect, nil)
		newer := newerProgram(old, nil)
		newer.Must(newer.DB.Create(&world.Note{ID: 1, Topic: "a", Owner: "x", CreatedAt: world.At(1)}).Error)
		age := func(hours int) {
			version := time.Now().Add(-time.Duration(hours) * time.Hour).UnixMicro()
			old.Must(old.DB.Model(&world.OutboxRow{}).Where("1 = 1").Updates(map[string]any{"version": version, "attempts": 300}).Error)
			old.Drain()
		}
		age(23)
		if n := old.Dead(); n != 0 {
			t.Errorf("%d dead letters before a day is over, want none", n)
		}
		age(25)
		old.WantIDs("topic:a", "notes:1")
		letters := old.Letters(timakgorm.DeadLetterQuery{})
		if len(letters) != 1 || !strings.Contains(letters[0].Error, `column "owner"`) {
			t.Fatalf("dead letters: got %+v, want one that names the column", letters)
		}
		newer.Must(newer.Plugin.Retry(t.Context(), letters[0].ID))
		newer.WantIDs("owner:x", "notes:1")
	})
}

// TestNewerProgramDelivers: a commit of the program without the rule, of a row
// that waits for the other, is left with it.
func TestNewerProgramDelivers(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		old := noteWorld(t, dialect, world.OnCommit())
		newer := newerProgram(old, nil)
		newer.Must(newer.DB.Create(&world.Note{ID: 1, Topic: "a", Owner: "x", CreatedAt: world.At(1)}).Error)
		old.Must(old.DB.Model(&world.Note{ID: 1}).Update("topic", "b").Error)
		if got, left := old.IDs("topic:b"), old.Outbox(); len(got) != 1 || left != 2 {
			t.Errorf("got %v, want the note; %d changes are left, want 2", got, left)
		}
		newer.WantIDs("owner:x", "notes:1")
		newer.WantIDs("topic:b", "notes:1")
		newer.WantIDs("topic:a")
	})
}
