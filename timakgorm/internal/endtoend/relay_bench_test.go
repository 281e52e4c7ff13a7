package endtoend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// slowStore takes a while for each write.
type slowStore struct {
	driver.Store

	takes time.Duration
}

func (s slowStore) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	time.Sleep(s.takes)
	return s.Store.Put(ctx, key, value, token)
}

// A backlog is what many small transactions have left behind: changes of events
// whose timelines are as skewed as authors are: by a Zipf distribution of
// exponent 1.3 over twenty thousand, of which eight thousand get one at all, the
// first a quarter of all changes.
const (
	backlogChanges   = 200_000
	backlogTimelines = 20_000
)

// leaveBacklog writes changes as Callbacks and Triggers do, in one statement
// for every ten thousand.
func leaveBacklog(w *world.World) (timelines int) {
	w.Helper()
	skewed := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.3, 1, backlogTimelines-1)
	touched := map[uint64]bool{}
	const chunk = 10_000
	for from := 0; from < backlogChanges; from += chunk {
		rows := make([]map[string]any, chunk)
		for i := range rows {
			id, stream := from+i+1, skewed.Uint64()
			touched[stream] = true
			rows[i] = map[string]any{"pk": fmt.Sprintf("[%d]", id), "v": 1_000_000 + 2*id, "new": map[string]any{"id": id, "stream_id": stream, "at": id}}
		}
		text, err := json.Marshal(rows)
		w.Must(err)
		insert := `INSERT INTO timak_outbox (tbl, pk, version, new)
			SELECT 'events', e.value->>'pk', (e.value->>'v')::bigint, e.value->'new' FROM jsonb_array_elements(CAST(? AS jsonb)) e`
		if w.Dialect == "sqlite" {
			insert = `INSERT INTO timak_outbox (tbl, pk, version, new)
				SELECT 'events', json_extract(e.value, '$.pk'), json_extract(e.value, '$.v'), json_extract(e.value, '$.new') FROM json_each(?) e`
		}
		plain, err := w.DB.DB()
		w.Must(err)
		_, err = plain.ExecContext(w.Context(), strings.Replace(insert, "CAST(?", "CAST($1", 1), string(text))
		w.Must(err)
	}
	return len(touched)
}

// BenchmarkBacklog drains it: into a store in memory, which shows what the relay
// itself costs, and into one that takes two milliseconds a write, which shows
// how many changes share one.
func BenchmarkBacklog(b *testing.B) {
	for _, dialect := range world.Dialects {
		for _, takes := range []time.Duration{0, 2 * time.Millisecond} {
			for _, batch := range []int{1000, 5000, 10_000, 20_000} {
				b.Run(fmt.Sprintf("%s/put=%v/batch=%d", dialect, takes, batch), func(b *testing.B) {
					for b.Loop() {
						drainBacklog(b, dialect, takes, batch)
					}
				})
			}
		}
	}
}

func drainBacklog(b *testing.B, dialect string, takes time.Duration, batch int) {
	b.StopTimer()
	var store driver.Store = memstore.New()
	if takes > 0 {
		store = slowStore{store, takes}
	}
	w := world.New(b, world.Setup{
		Dialect: dialect, Store: store, Options: &timakgorm.Options{Batch: batch},
		Models: []any{&world.Event{}}, Tracked: []any{&world.Event{}},
	})
	timelines := leaveBacklog(w)
	b.StartTimer()
	begin := time.Now()
	w.Drain()
	took := time.Since(begin)
	b.StopTimer()
	stats, err := w.Plugin.Stats(w.Context())
	w.Must(err)
	if stats.Applied != backlogChanges || stats.Waiting+stats.Dead > 0 {
		b.Fatalf("got %+v, want all changes applied", stats)
	}
	b.ReportMetric(float64(stats.Applied)/took.Seconds(), "changes/s")
	b.ReportMetric(stats.OpsPerWrite(), "changes/write")
	b.ReportMetric(float64(timelines), "timelines")
	b.StartTimer()
}
