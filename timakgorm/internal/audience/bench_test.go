package audience_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

const (
	followers     = 20_000
	writersAtOnce = 16 // the default of timakgorm.Options.Writers
)

// stores are where feeds may be kept.
var stores = map[string]func(b *testing.B) driver.Store{
	"memstore": func(*testing.B) driver.Store { return memstore.New() },
	"boltstore": func(b *testing.B) driver.Store {
		store, err := boltstore.Open(filepath.Join(b.TempDir(), "timelines.db"), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = store.Close() })
		return store
	},
	"riaktest": func(b *testing.B) driver.Store {
		cluster, err := riaktest.New(nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(cluster.Close)
		store, err := riakstore.Open(cluster.Addresses(), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = store.Close() })
		return store
	},
}

// BenchmarkFanOut publishes a story to many followers. The baseline writes the same item
// to as many timelines by the engine alone, as many at once.
func BenchmarkFanOut(b *testing.B) {
	for _, dialect := range world.Dialects {
		for _, name := range []string{"memstore", "boltstore", "riaktest"} {
			b.Run(dialect+"/"+name, func(b *testing.B) { fanOut(b, dialect, stores[name](b)) })
		}
	}
}

func fanOut(b *testing.B, dialect string, store driver.Store) {
	models := []any{&Subscribe{}, &Story{}}
	w := world.New(b, world.Setup{Dialect: dialect, Models: models, Tracked: models, Store: store})
	insertFollows(w, followers)
	var relayed, alone time.Duration
	id := 0
	for b.Loop() {
		id++
		w.Must(w.DB.Create(story(uint(id), 1)).Error)
		began := time.Now()
		drain(w)
		relayed += time.Since(began)
		began = time.Now()
		writeAlone(w, id)
		alone += time.Since(began)
	}
	b.ReportMetric(float64(id)*followers/relayed.Seconds(), "followers/s")
	b.ReportMetric(relayed.Seconds()/alone.Seconds(), "x-cost")
	b.ReportMetric(0, "ns/op")
}

// drain waits as long as it takes.
func drain(w *world.World) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 10*time.Minute)
	defer cancel()
	w.Must(w.Plugin.Drain(ctx))
}

// writeAlone writes an item to as many timelines.
func writeAlone(w *world.World, id int) {
	w.Helper()
	var writers errgroup.Group
	for first := range writersAtOnce {
		writers.Go(func() error {
			for reader := first; reader < followers; reader += writersAtOnce {
				item := timak.Item{ID: fmt.Sprint("stories:", id), At: world.At(id), Source: "author:1", Data: fmt.Appendf(nil, `{"title":"t%d"}`, id)}
				if _, err := w.Timelines.Apply(w.Context(), fmt.Sprintf("alone:%d", reader), timak.Put(item).WithVersion(int64(id)+1)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	w.Must(writers.Wait())
}
