package timakgorm

import (
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// RawSQL says what happens to db.Exec and db.Raw when their text writes a tracked
// table. The plugin cannot see which rows such a statement changes.
type RawSQL uint8

const (
	// RefuseRaw makes the statement fail with ErrUncaptured.
	RefuseRaw RawSQL = iota
	// WarnRaw logs the name of the table and lets the statement run: timelines
	// miss what it changes.
	WarnRaw
)

// Capture says how a plugin learns what a write has changed.
type Capture uint8

const (
	// Callbacks reads the rows before and after the statements that GORM runs. It
	// needs no more than the outbox table. It follows foreign keys, refuses raw
	// SQL, and does not see other programs.
	Callbacks Capture = iota
	// Triggers leaves it to triggers of the database, which
	// Plugin.InstallTriggers creates. They see every write, by any program.
	Triggers
)

// Deliver says when a committed change becomes readable.
type Deliver uint8

const (
	// InBackground leaves delivery to the relay, Plugin.Run, in this process or
	// another: a change becomes readable soon after the commit.
	InBackground Deliver = iota
	// OnCommit makes a commit wait until what it changed is readable. Create,
	// Save, Delete, Transaction and Commit return after that, within
	// Options.DeliverTimeout and the context of the transaction. A commit never
	// fails because of it: when the store is slow or cannot be reached, the write
	// returns without its timelines, and the relay catches up. While an outage
	// lasts, most writes do not wait at all. So Run is needed as well. GORM's log
	// counts the wait of a statement that commits by itself: as SLOW SQL, too. A
	// transaction that is not opened through the plugin's db.ConnPool, as in
	// db.Connection or under another plugin's pool, is left to the relay.
	//
	// With Triggers the commit waits for everything that they recorded in the
	// transaction, including changes by cascades, functions and triggers of other
	// tables. Outside of a transaction, these statements get one of their own:
	//
	//   - Create, Update and Delete of every model
	//   - db.Exec and Raw(…).Find of a text whose statements all begin with
	//     INSERT, UPDATE, DELETE, REPLACE, MERGE, TRUNCATE, COPY, WITH, EXPLAIN
	//     or DO
	//   - on Postgres also db.Exec of SELECT, VALUES and EXECUTE
	//
	// All other texts outside of a transaction are left to the relay:
	//
	//   - a SELECT that GORM reads, because nothing shows what its functions
	//     write
	//   - CALL, and texts with COMMIT or ROLLBACK, because they may end
	//     transactions
	//   - DDL, because some of it cannot run in a transaction
	//   - db.Raw(…).Scan, Row and Rows, because nothing tells when the rows have
	//     been read
	//
	// A db.Transaction around them waits.
	OnCommit
)

// Options tune a Plugin. The zero Options, and nil, mean the defaults. All
// programs that share an outbox need the same rules; the package documentation
// says what to do when they change.
type Options struct {
	// Capture says how changes are found: by Callbacks or by Triggers. All
	// programs that write the same database must use the same. Defaults to
	// Callbacks.
	Capture Capture

	// RawSQL says what to do with raw writes to tracked tables. Defaults to
	// RefuseRaw.
	RawSQL RawSQL

	// Deliver says whether a commit waits until its changes are readable.
	// Defaults to InBackground.
	Deliver Deliver

	// DeliverTimeout is the longest time that a commit waits with OnCommit. What
	// is not delivered by then is left to the relay. Defaults to two seconds.
	DeliverTimeout time.Duration

	// Batch is the largest number of row changes that the relay takes at once; it
	// takes fewer when their images are large. Larger batches write a busy
	// timeline fewer times and use more memory, a few kilobytes per change.
	// Defaults to 20,000.
	Batch int

	// Writers is how many timelines the relay writes at the same time. Defaults
	// to 16.
	Writers int

	// Poll is the longest time that the relay rests before it looks for changes
	// that other processes have committed. Commits of its own process wake it at
	// once. Defaults to one second.
	Poll time.Duration

	// RebuildAfterLoss makes the relay rebuild all timelines, as Rebuild does, when
	// the store has lost some that it had acknowledged. Only a store that may do so is
	// asked, such as one of redisstore. One relay of all that share the outbox
	// rebuilds, while changes go on being delivered. Defaults to false: the relay
	// logs the loss and goes on delivering changes, and Stats.Lost tells of it, until
	// Rebuild was called.
	RebuildAfterLoss bool

	// Watches is how many calls of Plugin.Watch may be open at once in this process.
	// Defaults to 10,000.
	Watches int

	// Logger receives what needs a person's attention: outages, dead letters, raw
	// writes. Defaults to slog.Default().
	Logger *slog.Logger

	// MeterProvider receives what Plugin.Stats reports, as OpenTelemetry metrics
	// whose names begin with timak. Defaults to none.
	MeterProvider metric.MeterProvider
}

// withDefaults returns the options with zero fields filled in, or an error for
// one that is out of range.
func (o *Options) withDefaults() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Batch < 0 || out.Writers < 0 || out.Poll < 0 || out.DeliverTimeout < 0 || out.Watches < 0 ||
		out.RawSQL > WarnRaw || out.Capture > Triggers || out.Deliver > OnCommit {
		return out, fmt.Errorf("timakgorm: options out of range: expected numbers and durations of at least 0, and constants of RawSQL, Capture and Deliver; got Batch %d, Writers %d, Poll %v, DeliverTimeout %v, Watches %d, RawSQL %d, Capture %d, Deliver %d",
			out.Batch, out.Writers, out.Poll, out.DeliverTimeout, out.Watches, out.RawSQL, out.Capture, out.Deliver)
	}
	if out.Batch == 0 {
		out.Batch = 20_000
	}
	if out.Writers == 0 {
		out.Writers = 16
	}
	if out.Poll == 0 {
		out.Poll = time.Second
	}
	if out.DeliverTimeout == 0 {
		out.DeliverTimeout = 2 * time.Second
	}
	if out.Watches == 0 {
		out.Watches = 10_000
	}
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	return out, nil
}
