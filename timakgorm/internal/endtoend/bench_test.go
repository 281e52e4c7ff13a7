package endtoend_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// benchmarks run on both databases, without the plugin and with it.
func onBothWays(b *testing.B, run func(b *testing.B, w *world.World)) {
	for _, dialect := range world.Dialects {
		for _, way := range []string{"plain", "timak"} {
			b.Run(dialect+"/"+way, func(b *testing.B) {
				w := &world.World{TB: b, Dialect: dialect}
				if way == "plain" {
					w.DB = world.OpenDB(b, dialect, nil)
					w.Must(w.DB.AutoMigrate(&world.Event{}))
				} else {
					w, _ = world.EventWorld(b, dialect, nil)
				}
				b.ResetTimer()
				run(b, w)
			})
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	onBothWays(b, func(b *testing.B, w *world.World) {
		for i := 0; b.Loop(); i++ {
			w.Must(w.DB.Create(&world.Event{StreamID: uint(i % world.Streams), At: int64(i)}).Error)
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	onBothWays(b, func(b *testing.B, w *world.World) {
		event := world.Event{StreamID: 1}
		w.Must(w.DB.Create(&event).Error)
		for i := 0; b.Loop(); i++ {
			w.Must(w.DB.Model(&world.Event{ID: event.ID}).Update("stream_id", i%world.Streams).Error)
		}
	})
}

func BenchmarkDelete(b *testing.B) {
	onBothWays(b, func(b *testing.B, w *world.World) {
		var next uint
		var events []world.Event
		for b.Loop() {
			if int(next) == len(events) {
				b.StopTimer()
				events = make([]world.Event, 1000)
				w.Must(w.DB.Create(&events).Error)
				next = 0
				b.StartTimer()
			}
			w.Must(w.DB.Delete(&events[next]).Error)
			next++
		}
	})
}

// BenchmarkTenThousandRows is the time of one statement about as many rows.
func BenchmarkTenThousandRows(b *testing.B) {
	const n = 10_000
	onBothWays(b, func(b *testing.B, w *world.World) {
		all := w.DB.Session(&gorm.Session{AllowGlobalUpdate: true})
		var took [3]time.Duration
		rounds := 0
		for ; b.Loop(); rounds++ {
			for i, step := range []func() error{
				func() error { return w.DB.CreateInBatches(world.NewEvents(n), 1000).Error },
				func() error { return all.Model(&world.Event{}).Update("stream_id", gorm.Expr("stream_id + 1")).Error },
				func() error { return all.Delete(&world.Event{}).Error },
			} {
				begin := time.Now()
				w.Must(step())
				took[i] += time.Since(begin)
			}
		}
		for i, unit := range []string{"ms/create", "ms/update", "ms/delete"} {
			b.ReportMetric(float64(took[i].Microseconds())/1000/float64(rounds), unit)
		}
	})
}

// BenchmarkRelay applies changes that are committed already; a few timelines
// get most of them.
func BenchmarkRelay(b *testing.B) {
	const n = 20_000
	for _, dialect := range world.Dialects {
		for _, batch := range []int{100, 1000, 5000} {
			b.Run(fmt.Sprintf("%s/batch=%d", dialect, batch), func(b *testing.B) {
				w := world.New(b, world.Setup{
					Dialect: dialect, Store: memstore.New(), Options: &timakgorm.Options{Batch: batch},
					Models: []any{&world.Event{}}, Tracked: []any{&world.Event{}},
				})
				skewed := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.2, 4, 1000)
				var applied time.Duration
				rounds := 0
				for ; b.Loop(); rounds++ {
					events := make([]world.Event, n)
					for i := range events {
						events[i] = world.Event{StreamID: uint(skewed.Uint64()), At: int64(i)}
					}
					w.Must(w.DB.CreateInBatches(events, 1000).Error)
					begin := time.Now()
					w.Drain()
					applied += time.Since(begin)
				}
				b.ReportMetric(float64(n*rounds)/applied.Seconds(), "changes/s")
			})
		}
	}
}
