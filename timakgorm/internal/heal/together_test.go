package heal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// togetherVariable says for how long writers and relays work together; otherwise a second.
const togetherVariable = "TIMAK_TEST_TOGETHER"

// TestTogether: writers change songs and listeners at once, and three relays, of which one
// dies again and again, carry and heal on siblings of one another. In the end all pages have
// what the tables have, and Verify finds nothing.
func TestTogether(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order   timak.Order
		deliver timakgorm.Deliver
	}{"newest": {timak.NewestFirst, timakgorm.InBackground}, "oldest, on commit": {timak.OldestFirst, timakgorm.OnCommit}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := world.NewFaulty()
			options := func() *timakgorm.Options {
				return &timakgorm.Options{Deliver: c.deliver, Batch: 5, Poll: 5 * time.Millisecond}
			}
			w := songs(t, world.Setup{Dialect: "postgres", Store: store, Engine: &timak.Options{Order: c.order}, Options: options()}, timakgorm.Callbacks)
			for id := range uint(60) {
				w.Must(w.DB.Create(song(id+1, id%4)).Error)
			}
			w.Drain()
			worlds := []*world.World{w}
			for range 2 { // each with an engine of its own, which knows nothing of the others' writes
				other := w.Another(nil)
				other.Timelines = timak.New(store.Memory, &timak.Options{Order: c.order})
				other.DB = world.OpenDSN(t, w.Dialect, w.DSN, nil)
				other.Use(options())
				worlds = append(worlds, other)
			}
			together(t, worlds)
			direction := map[timak.Order]string{timak.NewestFirst: "DESC", timak.OldestFirst: "ASC"}[c.order]
			for n := range 4 {
				const shown = "SELECT id FROM songs WHERE NOT draft AND deleted IS NULL AND singer_id "
				order := fmt.Sprintf(" ORDER BY day %[1]s, id %[1]s", direction)
				wantPages(w, fmt.Sprint("singer:", n), shown+fmt.Sprint("= ", n)+order)
				wantPages(w, fmt.Sprint("ear:", n), shown+fmt.Sprintf("IN (SELECT singer_id FROM listens WHERE ear_id = %d)", n)+order)
			}
			w.WantDifferences()
			t.Logf("%d heals", healed(worlds))
		})
	}
}

// healed returns how many timelines the relays have healed.
func healed(worlds []*world.World) (n int64) {
	for _, one := range worlds {
		stats, err := one.Plugin.Stats(one.Context())
		one.Must(err)
		n += stats.Healed
	}
	return n
}

// together runs a relay and two writers for each world, until the time is over and something
// was healed.
func together(t *testing.T, worlds []*world.World) {
	t.Helper()
	lasts := time.Second
	if said, err := time.ParseDuration(os.Getenv(togetherVariable)); err == nil {
		lasts = said
	}
	until := time.Now().Add(lasts)
	ctx, stop := context.WithCancel(t.Context())
	var relays, writers sync.WaitGroup
	for n, one := range worlds {
		relays.Go(func() {
			for ctx.Err() == nil {
				life, die := context.WithCancel(ctx)
				if n == 2 {
					life, die = context.WithTimeout(ctx, time.Duration(rand.IntN(40))*time.Millisecond)
				}
				_ = one.Plugin.Run(life)
				die()
			}
		})
		for range 2 {
			writers.Go(func() {
				for time.Now().Before(until) || healed(worlds) == 0 && t.Context().Err() == nil {
					_ = one.DB.Transaction(func(tx *gorm.DB) error { return someChanges(tx) }) // some lose, as others lock the same rows
				}
			})
		}
	}
	writers.Wait()
	stop()
	relays.Wait()
}

// someChanges makes one or two changes, slowly, and takes them back at times.
func someChanges(tx *gorm.DB) error {
	for range 1 + rand.IntN(2) {
		id, n, other := 1+rand.IntN(60), uint(rand.IntN(4)), uint(rand.IntN(4))
		some := tx.Model(&Song{}).Where("id = ?", id)
		err := []func() error{
			func() error { return tx.Delete(&Song{}, id).Error },
			func() error { return some.Unscoped().Update("deleted", nil).Error },
			func() error { return some.Update("draft", rand.IntN(2) == 0).Error },
			func() error { return some.Update("singer_id", n).Error },
			func() error { return some.Update("day", rand.IntN(80)).Error },
			func() error {
				return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&Listen{EarID: n, SingerID: other}).Error
			},
			func() error { return tx.Where("ear_id = ? AND singer_id = ?", n, other).Delete(&Listen{}).Error },
		}[rand.IntN(7)]()
		if err != nil {
			return err
		}
	}
	time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond)
	if rand.IntN(8) == 0 {
		return errors.New("not meant")
	}
	return nil
}
