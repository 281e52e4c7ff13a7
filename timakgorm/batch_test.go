package timakgorm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// Event is a narrow row, of which a statement can take thousands.
type Event struct {
	ID       uint
	StreamID uint
	At       int64

	_ timakgorm.Timeline `timak:"key=stream:{StreamID}; date=At"`
}

const streams = 40

// newEvents returns n events, dealt out to the streams.
func newEvents(n int) []Event {
	events := make([]Event, n)
	for i := range events {
		events[i] = Event{StreamID: uint(i % streams), At: int64(i)}
	}
	return events
}

// checkEvents drains and compares the timelines with the table.
func (w *world) checkEvents() {
	w.Helper()
	w.drain()
	var events []Event
	w.must(w.db.Order("at DESC").Find(&events).Error)
	want, got := map[string][]string{}, map[string][]string{}
	for _, event := range events {
		key := fmt.Sprintf("stream:%d", event.StreamID)
		want[key] = append(want[key], fmt.Sprintf("events:%d %d", event.ID, event.At))
	}
	for stream := range 2 * streams {
		key := fmt.Sprintf("stream:%d", stream)
		timeline, err := w.timelines.Get(w.Context(), key)
		w.must(err)
		for _, item := range timeline.Items() {
			got[key] = append(got[key], fmt.Sprintf("%s %d", item.ID, item.At.UnixMicro()))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%d events (-table +timelines):\n%.3000s", len(events), diff)
	}
	if n := w.dead() + w.outbox(); n > 0 {
		w.Errorf("%d changes and dead letters left", n)
	}
}

func eventWorld(t testing.TB, dialect string, options *timakgorm.Options) (*world, *faulty) {
	t.Helper()
	store := newFaulty()
	return newWorld(t, setup{
		dialect: dialect, store: store, options: options, models: []any{&Event{}}, tracked: []any{&Event{}},
	}), store
}

// TestTenThousandRows: statements that create, move and delete ten thousand
// rows at once.
func TestTenThousandRows(t *testing.T) {
	t.Parallel()
	const n = 10_000
	onBoth(t, func(t *testing.T, dialect string) {
		w, store := eventWorld(t, dialect, nil)
		events := newEvents(n)
		all := w.db.Session(&gorm.Session{AllowGlobalUpdate: true})
		steps := []struct {
			name string
			run  func() *gorm.DB
		}{
			{"create", func() *gorm.DB { return w.db.Create(&events) }},
			{"move all", func() *gorm.DB {
				return all.Model(&Event{}).Update("stream_id", gorm.Expr("(stream_id + 3) % ?", streams))
			}},
			{"delete all", func() *gorm.DB { return all.Delete(&Event{}) }},
		}
		for _, step := range steps {
			result := step.run()
			w.must(result.Error)
			if got := w.outbox(); got != result.RowsAffected {
				t.Errorf("%s: %d changes for %d rows", step.name, got, result.RowsAffected)
			}
			w.checkEvents()
			// One read and one write a timeline and batch, and not one a row.
			puts := 0
			for _, n := range store.takePuts() {
				puts += n
			}
			if limit := 10 * streams; puts > limit {
				t.Errorf("%s: %d Puts, want at most %d", step.name, puts, limit)
			}
		}
	})
}

// TestSmallBatches: what is more than a batch takes several.
func TestSmallBatches(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for _, options := range []timakgorm.Options{{Batch: 1}, {Batch: 3, Writers: 1}, {Batch: 20}, {Batch: 100, Writers: 2}} {
			w, _ := eventWorld(t, dialect, &options)
			events := newEvents(100)
			w.must(w.db.Create(&events).Error)
			w.must(w.db.Model(&Event{}).Where("id > 50").Update("stream_id", 50).Error)
			w.must(w.db.Delete(&Event{}, []int{1, 99, 100}).Error)
			w.checkEvents()
		}
	})
}

// TestRunTakesManyBatches: Run does not rest between batches.
func TestRunTakesManyBatches(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w, _ := eventWorld(t, dialect, &timakgorm.Options{Batch: 10, Poll: time.Hour})
		events := newEvents(200)
		w.must(w.db.Create(&events).Error)
		stop := w.run()
		w.awaitRelay()
		stop()
		w.checkEvents()
	})
}

// TestFoldedChanges: many changes of a row cost one write of each timeline that
// they touch, and many rows of a timeline one write of it.
func TestFoldedChanges(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := newFaulty()
		w := newWorld(t, setup{dialect: dialect, store: store})
		w.seed()
		w.drain()
		store.takePuts()

		for i := range 50 {
			w.must(w.db.Model(&Post{ID: 10}).Updates(map[string]any{"title": fmt.Sprint("t", i), "author_id": 1 + i%3}).Error)
		}
		w.drain()
		want := map[string]int{"author:1:posts": 1, "author:2:posts": 1, "author:3:posts": 1, "site:posts": 1}
		if diff := cmp.Diff(want, store.takePuts()); diff != "" {
			t.Errorf("50 changes of a row: Puts (-want +got):\n%s", diff)
		}
		w.check()

		for i := range 100 {
			w.must(w.db.Create(&Post{AuthorID: 7, Title: fmt.Sprint("t", i), Published: true}).Error)
		}
		w.drain()
		want = map[string]int{"author:7:posts": 1, "site:posts": 1}
		if diff := cmp.Diff(want, store.takePuts()); diff != "" {
			t.Errorf("100 rows of a timeline: Puts (-want +got):\n%s", diff)
		}
		w.check()

		w.must(w.db.Create(&Post{AuthorID: 8, Title: "came", Published: true}).Error)
		w.must(w.db.Where("author_id = 8").Delete(&Post{}).Error)
		w.drain()
		if got := w.ids("author:8:posts"); len(got) > 0 {
			t.Errorf("came and went: got %v", got)
		}
		w.check()
	})
}

// TestTwoRelays: two processes that relay the same outbox at the same time
// lose nothing, also where a change becomes a dead letter.
func TestTwoRelays(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for round := range 4 {
			w := newWorld(t, setup{dialect: dialect, options: &timakgorm.Options{Batch: 5 + 20*round, Poll: 5 * time.Millisecond}})
			w.seed()
			other := w.another(&timakgorm.Options{Batch: 30, Poll: 5 * time.Millisecond})
			stop, stopOther := w.run(), other.run()
			bad := `"no image"`
			write := func(db *gorm.DB) func() {
				return func() {
					for i := range 30 {
						w.must(db.Create(&Post{AuthorID: uint(i % 5), Title: fmt.Sprint("t", i), Published: true}).Error)
						w.must(db.Model(&Post{}).Where("id = ?", 10+i%5).Update("author_id", i%7).Error)
						if i%10 == 0 {
							w.replay(outboxRow{Tbl: "posts", Pk: fmt.Sprintf("[%d]", 5000+i), Version: 1000, New: &bad})
						}
					}
				}
			}
			atOnce(write(w.db), write(other.db))
			w.awaitRelay()
			stop()
			stopOther()
			letters := w.deadLetters()
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
			w.forgive()
			w.check()
		}
	})
}
