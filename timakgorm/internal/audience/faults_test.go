package audience_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// faulty is a world of feeds over a store with hooks.
func faulty(t *testing.T, dialect string, by timakgorm.Capture) (*world.World, *world.Faulty) {
	t.Helper()
	models, store := []any{&Subscribe{}, &Story{}}, world.NewFaulty()
	return world.NewBy(t, by, world.Setup{Dialect: dialect, Models: models, Tracked: models, Store: store}), store
}

// follow has readers 1 to n follow an author, and waits until they do.
func follow(w *world.World, n int, author uint) {
	w.Helper()
	var all []Subscribe
	for reader := range n {
		all = append(all, Subscribe{ReaderID: uint(reader + 1), AuthorID: author})
	}
	w.Must(w.DB.CreateInBatches(&all, 500).Error)
	w.Drain()
}

// wantHomes compares the homes of readers 1 to n, but for one.
func wantHomes(w *world.World, n, but int, want ...string) {
	w.Helper()
	for reader := 1; reader <= n; reader++ {
		if reader == but {
			continue
		}
		if got := w.IDs(home(reader)); fmt.Sprint(got) != fmt.Sprint(want) {
			w.Fatalf("reader %d has %v, want %v", reader, got, want)
		}
	}
}

// TestFeeds_damaged: a feed that cannot be read does not keep a story from the others.
func TestFeeds_damaged(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := faulty(t, dialect, timakgorm.Callbacks)
		const readers = 1200
		insertFollows(w, readers)
		_, err := store.Memory.Put(w.Context(), home(5), []byte("damaged"), nil)
		w.Must(err)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 2)}).Error)
		w.Drain()
		wantHomes(w, readers, 5, "stories:1")
		if letters := w.Letters(timakgorm.DeadLetterQuery{}); len(letters) != 1 || !strings.Contains(letters[0].Error, home(5)) {
			t.Errorf("got %+v, want a dead letter that names the feed", letters)
		}
		wantRepaired(w, timakgorm.RebuildOptions{Keys: []string{home(5)}}, 2)
		w.WantIDs(home(5), "stories:1")
	})
}

// TestFeeds_unreachable: a feed that cannot be reached gets a story when it can be, and
// the others do not wait.
func TestFeeds_unreachable(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := faulty(t, dialect, timakgorm.Callbacks)
		const readers = 1200
		insertFollows(w, readers)
		store.SetBefore(world.Failing(home(5), driver.ErrUnavailable))
		stop := w.Run()
		w.Must(w.DB.Create(story(1, 1)).Error)
		w.Await("the last reader's feed", func() bool { return len(w.IDs(home(readers))) == 1 })
		w.Await("the change to wait for the feed", func() bool {
			changes := w.Changes()
			return len(changes) == 1 && changes[0].Error != nil && strings.Contains(*changes[0].Error, driver.ErrUnavailable.Error())
		})
		stop() // it would write the feed as soon as it can
		store.SetBefore(nil)
		wantHomes(w, readers, 5, "stories:1")
		store.TakePuts()
		w.WantIDs(home(5), "stories:1")
		if puts := store.TakePuts(); len(puts) != 1 || puts[home(5)] != 1 {
			t.Errorf("got puts on %d feeds, want one on the one that lacked the story", len(puts))
		}
		if w.Dead() > 0 {
			t.Errorf("dead letters: %+v", w.Letters(timakgorm.DeadLetterQuery{}))
		}
	})
}

// TestFeeds_overLimit: a story that no timeline can take leaves the feeds of its old
// source, is a dead letter, and keeps nobody from following its author.
func TestFeeds_overLimit(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := feeds(t, dialect, by)
		w.Must(w.DB.Create(&[]Subscribe{{ReaderID: 7, AuthorID: 1}, {ReaderID: 8, AuthorID: 2}}).Error)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 2)}).Error)
		w.WantIDs(home(7), "stories:1")
		w.Must(w.DB.Model(&Story{ID: 1}).Updates(map[string]any{"author_id": 2, "title": strings.Repeat("x", 70_000)}).Error)
		w.WantIDs(home(7))
		w.WantIDs(home(8), "stories:2")
		w.Must(w.DB.Create(&Subscribe{ReaderID: 9, AuthorID: 2}).Error)
		w.WantIDs(home(9), "stories:2")
		if letters := w.Letters(timakgorm.DeadLetterQuery{}); len(letters) != 1 || !strings.Contains(string(letters[0].PK), "1") {
			t.Errorf("got %+v, want one dead letter, of story 1", letters)
		}
		w.Apply(home(9), timak.Remove("stories:2"))
		report, err := w.Plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{})
		w.Must(err)
		if w.WantIDs(home(9), "stories:2"); report.Unplaceable == 0 {
			t.Errorf("got %+v, want the story to be unplaceable", report)
		}
		w.Must(w.DB.Model(&Story{ID: 1}).Update("title", "short").Error)
		w.WantIDs(home(9), "stories:2", "stories:1")
	})
}

// TestFeeds_late: a story whose change comes so late that a feed has forgotten more
// recent removals is recorded anew, when it has reached all.
func TestFeeds_late(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Subscribe{}, &Story{}}
		w := world.New(t, world.Setup{
			Dialect: dialect, Models: models, Tracked: models,
			Engine: &timak.Options{TombstoneTTL: time.Hour},
		})
		insertFollows(w, 1200)
		w.Must(w.DB.Create(story(1, 1)).Error)
		old := time.Now().Add(-2 * time.Hour).UnixMicro()
		w.Must(w.DB.Model(&world.OutboxRow{}).Where("1 = 1").Update("version", old).Error)
		_, err := w.Timelines.Apply(w.Context(), home(700), timak.RemoveEntry("other", "").WithVersion(old+time.Minute.Microseconds()))
		w.Must(err)
		w.Drain()
		wantHomes(w, 1200, 0, "stories:1")
		w.WantDifferences()
		stats, err := w.Plugin.Stats(w.Context())
		if w.Must(err); stats.Anew != 1 {
			t.Errorf("%d changes were recorded anew, want 1", stats.Anew)
		}
	})
}

// TestFeeds_oldProgram: a subscription that a program with older rules has written is
// what its row says, whatever its images lack.
func TestFeeds_oldProgram(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := feeds(t, dialect, by)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 1)}).Error)
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		changes := w.Changes()
		change := changes[len(changes)-1]
		without := strings.ReplaceAll(*change.New, "muted", "quiet") // which no rule names
		w.WantIDs(home(7), "stories:2", "stories:1")

		w.Apply(home(7), timak.Remove("stories:1"))
		w.Replay(world.OutboxRow{Version: time.Now().UnixMicro(), Tbl: change.Tbl, Pk: change.Pk, New: &without})
		w.WantIDs(home(7), "stories:2", "stories:1")

		// A story left its author while the reader did not subscribe.
		w.Apply(home(7), timak.Put(timak.Item{ID: "stories:9", At: world.At(9), Source: "author:1"}))
		w.Replay(world.OutboxRow{Version: time.Now().UnixMicro(), Tbl: change.Tbl, Pk: change.Pk, Old: &without, New: change.New})
		w.Drain()
		w.WantDifferences()
		if got := w.IDs(home(7)); len(got) != 2 {
			t.Errorf("got %v, want both stories and nothing else", got)
		}
	})
}

// TestFeeds_overLimitAndUnreachable: a story that no timeline can take any more leaves a
// feed of its old source, too, that could not be reached at first.
func TestFeeds_overLimitAndUnreachable(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := faulty(t, dialect, timakgorm.Callbacks)
		w.Must(w.DB.Create(&[]Subscribe{{ReaderID: 7, AuthorID: 1}, {ReaderID: 6, AuthorID: 1}, {ReaderID: 8, AuthorID: 2}}).Error)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 2)}).Error)
		w.WantIDs(home(7), "stories:1")
		w.Must(w.DB.Model(&Story{ID: 1}).Updates(map[string]any{"author_id": 2, "title": strings.Repeat("x", 70_000)}).Error)
		var once sync.Once
		store.SetBefore(func(_ context.Context, call drivertest.Call) (err error) {
			if call.Key == home(7) {
				once.Do(func() { err = driver.ErrUnavailable })
			}
			return err
		})
		w.WantIDs(home(7))
		w.WantIDs(home(6))
		w.WantIDs(home(8), "stories:2")
		if n := w.Dead(); n != 1 {
			t.Errorf("%d dead letters, want 1", n)
		}
	})
}
