package timakgorm_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// benchmarks run on both databases, without the plugin and with it.
func onBothWays(b *testing.B, run func(b *testing.B, w *world)) {
	for _, dialect := range dialects {
		for _, way := range []string{"plain", "timak"} {
			b.Run(dialect+"/"+way, func(b *testing.B) {
				w := &world{TB: b, dialect: dialect}
				if way == "plain" {
					w.db = openDB(b, dialect, nil)
					w.must(w.db.AutoMigrate(&Event{}))
				} else {
					w, _ = eventWorld(b, dialect, nil)
				}
				b.ResetTimer()
				run(b, w)
			})
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	onBothWays(b, func(b *testing.B, w *world) {
		for i := 0; b.Loop(); i++ {
			w.must(w.db.Create(&Event{StreamID: uint(i % streams), At: int64(i)}).Error)
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	onBothWays(b, func(b *testing.B, w *world) {
		event := Event{StreamID: 1}
		w.must(w.db.Create(&event).Error)
		for i := 0; b.Loop(); i++ {
			w.must(w.db.Model(&Event{ID: event.ID}).Update("stream_id", i%streams).Error)
		}
	})
}

func BenchmarkDelete(b *testing.B) {
	onBothWays(b, func(b *testing.B, w *world) {
		var next uint
		var events []Event
		for b.Loop() {
			if int(next) == len(events) {
				b.StopTimer()
				events = make([]Event, 1000)
				w.must(w.db.Create(&events).Error)
				next = 0
				b.StartTimer()
			}
			w.must(w.db.Delete(&events[next]).Error)
			next++
		}
	})
}

// BenchmarkTenThousandRows is the time of one statement about as many rows.
func BenchmarkTenThousandRows(b *testing.B) {
	const n = 10_000
	onBothWays(b, func(b *testing.B, w *world) {
		all := w.db.Session(&gorm.Session{AllowGlobalUpdate: true})
		var took [3]time.Duration
		rounds := 0
		for ; b.Loop(); rounds++ {
			for i, step := range []func() error{
				func() error { return w.db.CreateInBatches(newEvents(n), 1000).Error },
				func() error { return all.Model(&Event{}).Update("stream_id", gorm.Expr("stream_id + 1")).Error },
				func() error { return all.Delete(&Event{}).Error },
			} {
				begin := time.Now()
				w.must(step())
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
	for _, dialect := range dialects {
		for _, batch := range []int{100, 1000, 5000} {
			b.Run(fmt.Sprintf("%s/batch=%d", dialect, batch), func(b *testing.B) {
				w := newWorld(b, setup{
					dialect: dialect, store: memstore.New(), options: &timakgorm.Options{Batch: batch},
					models: []any{&Event{}}, tracked: []any{&Event{}},
				})
				skewed := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.2, 4, 1000)
				var applied time.Duration
				rounds := 0
				for ; b.Loop(); rounds++ {
					events := make([]Event, n)
					for i := range events {
						events[i] = Event{StreamID: uint(skewed.Uint64()), At: int64(i)}
					}
					w.must(w.db.CreateInBatches(events, 1000).Error)
					begin := time.Now()
					w.drain()
					applied += time.Since(begin)
				}
				b.ReportMetric(float64(n*rounds)/applied.Seconds(), "changes/s")
			})
		}
	}
}
