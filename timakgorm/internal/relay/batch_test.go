package relay_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// checkEvents drains and compares the timelines with the table.
func checkEvents(w *world.World) {
	w.Helper()
	w.Drain()
	var events []world.Event
	w.Must(w.DB.Order("at DESC").Find(&events).Error)
	want, got := map[string][]string{}, map[string][]string{}
	for _, event := range events {
		key := fmt.Sprintf("stream:%d", event.StreamID)
		want[key] = append(want[key], fmt.Sprintf("events:%d %d", event.ID, event.At))
	}
	for stream := range 2 * world.Streams {
		key := fmt.Sprintf("stream:%d", stream)
		timeline, err := w.Timelines.Get(w.Context(), key)
		w.Must(err)
		for _, item := range timeline.Items() {
			got[key] = append(got[key], fmt.Sprintf("%s %d", item.ID, item.At.UnixMicro()))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%d events (-table +timelines):\n%.3000s", len(events), diff)
	}
	if n := w.Dead() + w.Outbox(); n > 0 {
		w.Errorf("%d changes and dead letters left", n)
	}
}

// TestTenThousandRows: statements that create, move and delete ten thousand
// rows at once.
func TestTenThousandRows(t *testing.T) {
	t.Parallel()
	const n = 10_000
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, store := world.EventWorld(t, dialect, nil)
		events := world.NewEvents(n)
		all := w.DB.Session(&gorm.Session{AllowGlobalUpdate: true})
		steps := []struct {
			name string
			run  func() *gorm.DB
		}{
			{"create", func() *gorm.DB { return w.DB.Create(&events) }},
			{"move all", func() *gorm.DB {
				return all.Model(&world.Event{}).Update("stream_id", gorm.Expr("(stream_id + 3) % ?", world.Streams))
			}},
			{"delete all", func() *gorm.DB { return all.Delete(&world.Event{}) }},
		}
		for _, step := range steps {
			result := step.run()
			w.Must(result.Error)
			if got := w.Outbox(); got != result.RowsAffected {
				t.Errorf("%s: %d changes for %d rows", step.name, got, result.RowsAffected)
			}
			checkEvents(w)
			// One read and one write a timeline and batch, and not one a row.
			puts := 0
			for _, n := range store.TakePuts() {
				puts += n
			}
			if limit := 10 * world.Streams; puts > limit {
				t.Errorf("%s: %d Puts, want at most %d", step.name, puts, limit)
			}
		}
	})
}

// TestSmallBatches: what is more than a batch takes several.
func TestSmallBatches(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, options := range []timakgorm.Options{{Batch: 1}, {Batch: 3, Writers: 1}, {Batch: 20}, {Batch: 100, Writers: 2}} {
			w, _ := world.EventWorld(t, dialect, &options)
			events := world.NewEvents(100)
			w.Must(w.DB.Create(&events).Error)
			w.Must(w.DB.Model(&world.Event{}).Where("id > 50").Update("stream_id", 50).Error)
			w.Must(w.DB.Delete(&world.Event{}, []int{1, 99, 100}).Error)
			checkEvents(w)
		}
	})
}

// TestRunTakesManyBatches: Run does not rest between batches.
func TestRunTakesManyBatches(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, _ := world.EventWorld(t, dialect, &timakgorm.Options{Batch: 10, Poll: time.Hour})
		events := world.NewEvents(200)
		w.Must(w.DB.Create(&events).Error)
		stop := w.Run()
		w.AwaitRelay()
		stop()
		checkEvents(w)
	})
}

// TestFoldedChanges: many changes of a row cost one write of each timeline that
// they touch, and many rows of a timeline one write of it.
func TestFoldedChanges(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		w.Seed()
		w.Drain()
		store.TakePuts()

		for i := range 50 {
			w.Must(w.DB.Model(&world.Post{ID: 10}).Updates(map[string]any{"title": fmt.Sprint("t", i), "author_id": 1 + i%3}).Error)
		}
		w.Drain()
		want := map[string]int{"author:1:posts": 1, "author:2:posts": 1, "author:3:posts": 1, "site:posts": 1}
		if diff := cmp.Diff(want, store.TakePuts()); diff != "" {
			t.Errorf("50 changes of a row: Puts (-want +got):\n%s", diff)
		}
		w.Check()

		for i := range 100 {
			w.Must(w.DB.Create(&world.Post{AuthorID: 7, Title: fmt.Sprint("t", i), Published: true}).Error)
		}
		w.Drain()
		want = map[string]int{"author:7:posts": 1, "site:posts": 1}
		if diff := cmp.Diff(want, store.TakePuts()); diff != "" {
			t.Errorf("100 rows of a timeline: Puts (-want +got):\n%s", diff)
		}
		w.Check()

		w.Must(w.DB.Create(&world.Post{AuthorID: 8, Title: "came", Published: true}).Error)
		w.Must(w.DB.Where("author_id = 8").Delete(&world.Post{}).Error)
		w.Drain()
		if got := w.IDs("author:8:posts"); len(got) > 0 {
			t.Errorf("came and went: got %v", got)
		}
		w.Check()
	})
}

// TestTwoRelays: two processes that relay the same outbox at the same time
// lose nothing, also where a change becomes a dead letter.
func TestTwoRelays(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for round := range 4 {
			w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Batch: 5 + 20*round, Poll: 5 * time.Millisecond}})
			w.Seed()
			other := w.Another(&timakgorm.Options{Batch: 30, Poll: 5 * time.Millisecond})
			stop, stopOther := w.Run(), other.Run()
			bad := `"no image"`
			write := func(db *gorm.DB) func() {
				return func() {
					for i := range 30 {
						w.Must(db.Create(&world.Post{AuthorID: uint(i % 5), Title: fmt.Sprint("t", i), Published: true}).Error)
						w.Must(db.Model(&world.Post{}).Where("id = ?", 10+i%5).Update("author_id", i%7).Error)
						if i%10 == 0 {
							w.Replay(world.OutboxRow{Tbl: "posts", Pk: fmt.Sprintf("[%d]", 5000+i), Version: 1000, New: &bad})
						}
					}
				}
			}
			world.AtOnce(write(w.DB), write(other.DB))
			w.AwaitRelay()
			stop()
			stopOther()
			letters := w.DeadLetters()
			if len(letters) != 6 {
				t.Errorf("%d dead letters, want 6", len(letters))
			}
			ids := map[int64]bool{}
			for _, letter := range letters {
				ids[letter.ID] = true
			}
			if len(ids) != len(letters) {
				t.Errorf("a dead letter twice: %+v", letters)
			}
			w.Forgive()
			w.Check()
		}
	})
}
