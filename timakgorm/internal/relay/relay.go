package relay

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/heal"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/shards"
	"github.com/timak-go/timak/timakgorm/internal/watchers"
)

// Relay applies the outbox's changes to timelines. All methods may be called from any
// number of goroutines.
type Relay struct {
	timelines *timak.Timelines
	tables    *dialect.Tables
	audiences *audience.Audiences
	healer    *heal.Healer
	shards    *shards.Shards
	opts      Options

	wakeUp   chan struct{}
	relaying chan struct{} // holds a value while a round runs: one at a time

	counters    counters
	deliveries  deliveries
	marks       *marks
	swept       outbox.Swept
	foreignSeen rate.Sometimes // once a minute
	untold      rate.Sometimes // once in ten minutes
}

// Options are the plugin's options that a relay needs. All but Rebuild are required.
type Options struct {
	DB       func() (*sql.DB, error) // the pool; an error if the plugin is not in use
	Batch    int                     // the most changes in a batch
	Writers  int                     // how many timelines are written concurrently
	Poll     time.Duration           // the time between two looks at the outbox
	Patience time.Duration           // how long a commit waits for its delivery
	Watchers *watchers.Watchers      // are told what is written
	Log      *slog.Logger

	// Rebuild rebuilds all timelines when the store has lost some; nil: a person does it.
	Rebuild func(ctx context.Context) error
}

// New returns a relay from the outbox of the tables ts to timelines and audiences.
func New(timelines *timak.Timelines, ts *dialect.Tables, audiences *audience.Audiences, opts Options) *Relay {
	r := &Relay{
		timelines: timelines, tables: ts, audiences: audiences, opts: opts, wakeUp: make(chan struct{}, 1), relaying: make(chan struct{}, 1),
		marks: newMarks(timelines.Marker()), foreignSeen: rate.Sometimes{Interval: time.Minute}, untold: rate.Sometimes{Interval: remindEvery},
	}
	r.shards = shards.New(shards.Options{DB: opts.DB, Dialect: ts.Dialect, Poll: opts.Poll, Log: opts.Log})
	r.healer = r.newHealer(timelines, ts, audiences)
	return r
}

// Outbox returns the outbox of the relay's tables.
func (r *Relay) Outbox() (*outbox.Outbox, error) {
	db, err := r.opts.DB()
	if err != nil {
		return nil, err
	}
	o, err := outbox.Open(db, r.tables)
	if err == nil {
		o.Swept = &r.swept
	}
	return o, err
}
