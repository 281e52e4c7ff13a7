package relay

import (
	"database/sql"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Relay applies changes of the outbox to timelines. All methods may be called from
// any number of goroutines.
type Relay struct {
	timelines *timak.Timelines
	tables    *dialect.Tables
	opts      Options

	wakeUp   chan struct{}
	relaying chan struct{} // holds one while a batch is under way in this process

	counters    counters
	pids        pids
	deliveries  deliveries
	foreignSeen rate.Sometimes // a minute
}

// Options are what a relay needs of the plugin.
type Options struct {
	DB       func() (*sql.DB, error) // the pool; an error if the plugin has none
	Batch    int                     // how many changes one batch has at most
	Writers  int                     // how many timelines are written side by side
	Poll     time.Duration           // between two looks at the outbox
	Patience time.Duration           // how long a commit waits for its delivery
	Log      *slog.Logger
}

// New returns a relay of some tables.
func New(timelines *timak.Timelines, ts *dialect.Tables, opts Options) *Relay {
	return &Relay{
		timelines: timelines, tables: ts, opts: opts, wakeUp: make(chan struct{}, 1), relaying: make(chan struct{}, 1),
		foreignSeen: rate.Sometimes{Interval: time.Minute},
	}
}

// Outbox returns the outbox of the tables.
func (r *Relay) Outbox() (*outbox.Outbox, error) {
	db, err := r.opts.DB()
	if err != nil {
		return nil, err
	}
	return outbox.Open(db, r.tables)
}
