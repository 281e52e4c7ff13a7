package timakgorm_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestStats: they say what waits, and what the relay has done with the rest.
func TestStats(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		reader := metric.NewManualReader()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: &timakgorm.Options{
			Poll: time.Hour, MeterProvider: metric.NewMeterProvider(metric.WithReader(reader)),
		}})
		stats := func() timakgorm.Stats {
			t.Helper()
			stats, err := w.Plugin.Stats(t.Context())
			w.Must(err)
			return stats
		}
		if got := stats(); got != (timakgorm.Stats{}) {
			t.Errorf("at first: got %+v, want zeros", got)
		}
		if got := stats().OpsPerWrite(); got != 0 {
			t.Errorf("ops per write before any: got %v, want 0", got)
		}
		image := `{"id": 1}`
		w.Replay(world.OutboxRow{Tbl: "others", Pk: "[1]", Version: 1000, New: &image}) // is not ours to count
		store.SetBefore(world.FailingPuts("author:1:posts", driver.ErrTooLarge))
		for i := range 6 {
			w.Must(w.DB.Create(&world.Post{ID: uint(i + 1), AuthorID: uint(1 + i%2), Published: true}).Error)
		}
		long := time.Now().Add(-90 * time.Second).UnixMicro()
		w.Must(w.DB.Model(&world.OutboxRow{}).Where("pk = '[6]'").Update("version", long).Error)
		if got := stats(); got.Waiting != 6 || got.Oldest < 89*time.Second || got.Oldest > 10*time.Minute {
			t.Errorf("before the relay: got %+v, want 6 waiting, the oldest for 90 s", got)
		}
		w.Drain()
		got := stats()
		if got.Waiting != 0 || got.Oldest != 0 || got.Dead != 3 || got.Applied != 3 || got.Buried != 3 || got.Errors != 0 || got.Retried != 0 {
			t.Errorf("after the relay: got %+v, want 3 applied and 3 dead", got)
		}
		// Three ops of author 2, and six of the site, in one write each.
		if got.Writes != 2 || got.Ops != 9 || got.OpsPerWrite() != 4.5 {
			t.Errorf("writes: got %+v, %v ops a write, want 9 ops in 2", got, got.OpsPerWrite())
		}
		wantMetrics(t, reader, map[string]float64{
			"timak.outbox.waiting": 0, "timak.outbox.oldest": 0, "timak.outbox.dead": 3,
			"timak.relay.applied": 3, "timak.relay.retried": 0, "timak.relay.dead": 3, "timak.relay.anew": 0,
			"timak.relay.writes": 2, "timak.relay.ops": 9, "timak.relay.errors": 0, "timak.relay.healed": 0,
			"timak.commit.delivered": 0, "timak.commit.left": 0, "timak.page.read": 0, "timak.page.beyond": 0,
			"timak.store.lost": 0, "timak.store.losses": 0, "timak.watch.open": 0,
		})
		store.SetBefore(world.Failing("author:2:posts", errors.New("slow disk")))
		w.Must(w.DB.Model(&world.Post{ID: 2}).Update("author_id", 3).Error)
		stop := w.Run()
		w.Await("a try to fail", func() bool { got := stats(); return got.Retried > 0 && got.Errors > 0 })
		stop()
		store.SetBefore(nil)
		if got := stats(); got.Waiting != 1 {
			t.Errorf("after a try that failed: got %+v", got)
		}
	})
}

// wantMetrics collects metrics and compares all of them.
func wantMetrics(t *testing.T, reader *metric.ManualReader, want map[string]float64) {
	t.Helper()
	var collected metricdata.ResourceMetrics
	if err := reader.Collect(context.WithoutCancel(t.Context()), &collected); err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				got[m.Name] = float64(data.DataPoints[0].Value)
			case metricdata.Gauge[float64]:
				got[m.Name] = data.DataPoints[0].Value
			default:
				t.Errorf("%s is a %T", m.Name, data)
			}
		}
	}
	for name, value := range want {
		if found, ok := got[name]; !ok || found != value {
			t.Errorf("%s: got %v (%t), want %v", name, found, ok, value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got the metrics %v, want %d", got, len(want))
	}
}
