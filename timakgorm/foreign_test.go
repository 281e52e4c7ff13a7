package timakgorm_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

var (
	notesByTopic = timakgorm.Rule{Key: "topic:{Topic}"}
	notesByOwner = timakgorm.Rule{Key: "owner:{Owner}"}
)

// newerProgram is one that has another rule for notes, of the same database and
// timelines.
func (w *world) newerProgram(options *timakgorm.Options) *world {
	w.Helper()
	newer := &world{TB: w.TB, dialect: w.dialect, dsn: w.dsn, timelines: w.timelines}
	plugin, err := timakgorm.New(w.timelines, options)
	w.must(err)
	w.must(plugin.Register(timakgorm.Track[Note](notesByTopic, notesByOwner)))
	newer.plugin, newer.db = plugin, openDSN(w.TB, w.dialect, w.dsn, nil)
	w.must(newer.db.Use(plugin))
	return newer
}

func noteWorld(t *testing.T, dialect string, options *timakgorm.Options) *world {
	return newWorld(t, setup{dialect: dialect, options: options, models: []any{&Note{}}, tracked: []any{timakgorm.Track[Note](notesByTopic)}})
}

// TestNewerProgram: what a program with a rule more has written is applied by one
// without as far as it can, and left for the other, which finds all of it: those
// that stand behind a batch of such changes as well.
func TestNewerProgram(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		var log strings.Builder
		old := noteWorld(t, dialect, &timakgorm.Options{Batch: 2, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		newer := old.newerProgram(nil)
		for id := range uint(5) {
			w := newer
			if id == 4 {
				w = old
			}
			w.must(w.db.Create(&Note{ID: id + 1, Topic: "a", Owner: "x", CreatedAt: at(int(id))}).Error)
		}
		newer.must(newer.db.Model(&Note{ID: 1}).Update("owner", "y").Error)
		newer.must(newer.db.Delete(&Note{}, 2).Error)
		old.wantIDs("topic:a", "notes:5", "notes:4", "notes:3", "notes:1")
		old.drain()
		if n := old.outbox(); n != 6 {
			t.Errorf("%d changes are left, want the 6 of the newer program", n)
		}
		for _, change := range old.changes() {
			if change.Attempts != 0 || change.RunAt == 0 || change.Error == nil || !strings.Contains(*change.Error, `column "owner"`) {
				t.Errorf("left: got %+v, want it put off without a try, with the reason", change)
			}
		}
		if n := strings.Count(log.String(), "other rules"); n != 1 {
			t.Errorf("the log says it %d times, want once a minute:\n%s", n, &log)
		}
		stats, err := old.plugin.Stats(t.Context())
		old.must(err)
		if stats.Applied != 1 || stats.Retried != 0 || stats.Dead != 0 {
			t.Errorf("got %+v, want one change applied", stats)
		}
		newer.wantIDs("owner:x", "notes:4", "notes:3")
		newer.wantIDs("owner:y", "notes:1")
		newer.wantIDs("topic:a", "notes:5", "notes:4", "notes:3", "notes:1")
		if n := old.outbox() + old.dead(); n != 0 {
			t.Errorf("%d changes are in the outbox or dead, want none", n)
		}
	})
}

// TestNewerProgramRuns: the relay of a program without the rule leaves such a
// change to the other's, with those of the same row that come later, and is in
// nobody's way.
func TestNewerProgramRuns(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		old := noteWorld(t, dialect, quick())
		newer := old.newerProgram(quick())
		stop := old.run()
		newer.must(newer.db.Create(&Note{ID: 1, Topic: "a", Owner: "x", CreatedAt: at(1)}).Error)
		old.await("the change to be left", func() bool { changes := old.changes(); return len(changes) == 1 && changes[0].RunAt > 0 })
		old.must(old.db.Create(&Note{ID: 2, Topic: "a", Owner: "x", CreatedAt: at(2)}).Error)
		old.must(old.db.Model(&Note{ID: 1}).Update("topic", "b").Error)
		old.await("its own to be applied", func() bool {
			return fmt.Sprint(old.ids("topic:a"), old.ids("topic:b")) == "[notes:2] [notes:1]"
		})
		// A relay that is stopped before it has settled its own leaves it too.
		old.await("its own to be settled", func() bool { return old.outbox() <= 2 })
		stop()
		if n := old.outbox(); n != 2 {
			t.Errorf("%d changes are left, want the 2 of note 1", n)
		}
		newer.wantIDs("owner:x", "notes:1")
		newer.wantIDs("topic:b", "notes:1")
	})
}

// TestNoNewerProgram: what nobody has taken for a day is a dead letter, and the
// program with the rule may retry it.
func TestNoNewerProgram(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		old := noteWorld(t, dialect, nil)
		newer := old.newerProgram(nil)
		newer.must(newer.db.Create(&Note{ID: 1, Topic: "a", Owner: "x", CreatedAt: at(1)}).Error)
		age := func(hours int) {
			version := time.Now().Add(-time.Duration(hours) * time.Hour).UnixMicro()
			old.must(old.db.Model(&outboxRow{}).Where("1 = 1").Updates(map[string]any{"version": version, "attempts": 300}).Error)
			old.drain()
		}
		age(23)
		if n := old.dead(); n != 0 {
			t.Errorf("%d dead letters before a day is over, want none", n)
		}
		age(25)
		old.wantIDs("topic:a", "notes:1")
		letters := old.letters(timakgorm.DeadLetterQuery{})
		if len(letters) != 1 || !strings.Contains(letters[0].Error, `column "owner"`) {
			t.Fatalf("dead letters: got %+v, want one that names the column", letters)
		}
		newer.must(newer.plugin.Retry(t.Context(), letters[0].ID))
		newer.wantIDs("owner:x", "notes:1")
	})
}

// TestNewerProgramDelivers: a commit of the program without the rule, of a row
// that waits for the other, is left with it.
func TestNewerProgramDelivers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		old := noteWorld(t, dialect, onCommit())
		newer := old.newerProgram(nil)
		newer.must(newer.db.Create(&Note{ID: 1, Topic: "a", Owner: "x", CreatedAt: at(1)}).Error)
		old.must(old.db.Model(&Note{ID: 1}).Update("topic", "b").Error)
		if got, left := old.ids("topic:b"), old.outbox(); len(got) != 1 || left != 2 {
			t.Errorf("got %v, want the note; %d changes are left, want 2", got, left)
		}
		newer.wantIDs("owner:x", "notes:1")
		newer.wantIDs("topic:b", "notes:1")
		newer.wantIDs("topic:a")
	})
}
