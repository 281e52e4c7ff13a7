package timakgorm_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// Slot is a row whose item's id is not its primary key: rows hand it on to one
// another.
type Slot struct {
	ID        uint
	Place     int
	Title     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=slots; id=place:{Place}; data=Title"`
}

// checkSlots drains and compares the timeline with the table.
func (w *world) checkSlots() {
	w.Helper()
	w.drain()
	var slots []Slot
	w.must(w.db.Find(&slots).Error)
	var want, got []string
	for _, slot := range slots {
		want = append(want, fmt.Sprintf(`place:%d {"title":%q}`, slot.Place, slot.Title))
	}
	timeline, err := w.timelines.Get(w.Context(), "slots")
	w.must(err)
	for _, item := range timeline.Items() {
		got = append(got, fmt.Sprintf("%s %s", item.ID, item.Data))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		w.Fatalf("slots (-table +timeline):\n%s", diff)
	}
}

// TestTradingPlaces: rows that take each other's ids, in one statement or one
// after the other, relayed together or apart, are all there.
func TestTradingPlaces(t *testing.T) {
	t.Parallel()
	const slots = 60
	set := func(w *world, id uint, column string, value any) {
		w.Helper()
		w.must(w.db.Model(&Slot{ID: id}).Update(column, value).Error)
	}
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := worldBy(t, by, setup{dialect: dialect, models: []any{&Slot{}}, tracked: []any{&Slot{}}})
		rows := make([]Slot, slots)
		for i := range rows {
			rows[i] = Slot{Place: i, Title: fmt.Sprint("slot ", i)}
		}
		w.must(w.db.Create(&rows).Error)
		w.checkSlots()

		shift := func(n int) {
			w.must(w.db.Model(&Slot{}).Where("place < ?", slots).
				Update("place", gorm.Expr("(place + ?) % ?", n, slots)).Error)
		}
		for n := range 5 { // each in one statement
			shift(n)
			w.checkSlots()
		}
		shift(1)
		shift(7)
		shift(slots - 3)
		w.checkSlots()

		w.clockSetBack(time.Now().Add(time.Hour).UnixMicro())
		set(w, 3, "title", "already in the outbox")
		shift(2)
		w.checkSlots()

		// 1 leaves its place to 2, and is changed once more before the relay.
		var first, second Slot
		w.must(w.db.First(&first, 1).Error)
		w.must(w.db.First(&second, 2).Error)
		set(w, 1, "place", 1000)
		set(w, 2, "place", first.Place)
		set(w, 1, "title", "moved on")
		w.checkSlots()
		// They trade places by way of a third.
		set(w, 2, "place", 2000)
		set(w, 1, "place", first.Place)
		set(w, 2, "place", 1000)
		set(w, 1, "title", "back")
		w.checkSlots()
	})
}

// TestTradingManyPlaces: also where the statement's rows take several steps to
// record.
func TestTradingManyPlaces(t *testing.T) {
	t.Parallel()
	const slots = 6000
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := worldBy(t, by, setup{
			dialect: "postgres", models: []any{&Slot{}}, tracked: []any{&Slot{}}, engine: &timak.Options{MaxItems: slots},
		})
		rows := make([]Slot, slots)
		for i := range rows {
			rows[i] = Slot{Place: i, Title: fmt.Sprint("slot ", i)}
		}
		w.must(w.db.Create(&rows).Error)
		w.must(w.db.Model(&Slot{}).Where("place < ?", slots).Update("place", gorm.Expr("(place + 1) % ?", slots)).Error)
		w.checkSlots()
	})
}
