package endtoend_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestTradingPlaces: rows that take each other's ids, in one statement or one
// after the other, relayed together or apart, are all there.
func TestTradingPlaces(t *testing.T) {
	t.Parallel()
	const slots = 60
	set := func(w *world.World, id uint, column string, value any) {
		w.Helper()
		w.Must(w.DB.Model(&world.Slot{ID: id}).Update(column, value).Error)
	}
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Models: []any{&world.Slot{}}, Tracked: []any{&world.Slot{}}})
		rows := make([]world.Slot, slots)
		for i := range rows {
			rows[i] = world.Slot{Place: i, Title: fmt.Sprint("slot ", i)}
		}
		w.Must(w.DB.Create(&rows).Error)
		w.CheckSlots()

		shift := func(n int) {
			w.Must(w.DB.Model(&world.Slot{}).Where("place < ?", slots).
				Update("place", gorm.Expr("(place + ?) % ?", n, slots)).Error)
		}
		for n := range 5 { // each in one statement
			shift(n)
			w.CheckSlots()
		}
		shift(1)
		shift(7)
		shift(slots - 3)
		w.CheckSlots()

		w.ClockSetBack(time.Now().Add(time.Hour).UnixMicro())
		set(w, 3, "title", "already in the outbox")
		shift(2)
		w.CheckSlots()

		// 1 leaves its place to 2, and is changed once more before the relay.
		var first, second world.Slot
		w.Must(w.DB.First(&first, 1).Error)
		w.Must(w.DB.First(&second, 2).Error)
		set(w, 1, "place", 1000)
		set(w, 2, "place", first.Place)
		set(w, 1, "title", "moved on")
		w.CheckSlots()
		// They trade places by way of a third.
		set(w, 2, "place", 2000)
		set(w, 1, "place", first.Place)
		set(w, 2, "place", 1000)
		set(w, 1, "title", "back")
		w.CheckSlots()
	})
}

// TestTradingManyPlaces: also where the statement's rows take several steps to
// record.
func TestTradingManyPlaces(t *testing.T) {
	t.Parallel()
	const slots = 6000
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.NewBy(t, by, world.Setup{
			Dialect: "postgres", Models: []any{&world.Slot{}}, Tracked: []any{&world.Slot{}}, Engine: &timak.Options{MaxItems: slots},
		})
		rows := make([]world.Slot, slots)
		for i := range rows {
			rows[i] = world.Slot{Place: i, Title: fmt.Sprint("slot ", i)}
		}
		w.Must(w.DB.Create(&rows).Error)
		w.Must(w.DB.Model(&world.Slot{}).Where("place < ?", slots).Update("place", gorm.Expr("(place + 1) % ?", slots)).Error)
		w.CheckSlots()
	})
}
