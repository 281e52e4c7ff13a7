package timakgorm

import (
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// RawSQL says what happens to db.Exec and db.Raw when their text writes a
// tracked table: which rows they change is not to be seen from there.
type RawSQL uint8

const (
	// RefuseRaw makes the statement fail with ErrUncaptured.
	RefuseRaw RawSQL = iota
	// WarnRaw logs the statement's table and lets it pass: timelines miss what
	// it changes.
	WarnRaw
)

// Capture says how a plugin learns what a write has changed.
type Capture uint8

const (
	// Callbacks reads the rows around the statements that GORM runs. It needs
	// no more than the outbox table; it follows foreign keys, refuses raw SQL,
	// and does not see other programs.
	Callbacks Capture = iota
	// Triggers leaves it to triggers of the database, which
	// Plugin.InstallTriggers puts there. They see every write, whoever makes it.
	Triggers
)

// Deliver says when a committed change becomes readable.
type Deliver uint8

const (
	// InBackground leaves it to the relay, Plugin.Run, in this process or
	// another: soon after the commit.
	InBackground Deliver = iota
	// OnCommit has the commit wait until what it changed is readable: Create,
	// Save, Delete, Transaction and Commit return after that, within
	// Options.DeliverTimeout and the context of the transaction. A commit never
	// fails for it: when the store is slow or cannot be reached, the write
	// returns all the same, without its timelines, and the relay catches up;
	// while an outage lasts, most writes do not wait at all. So Run is needed as
	// well. A transaction that is not opened through the plugin's db.ConnPool, as
	// in db.Connection or under another plugin's pool, is left to the relay.
	//
	// With Triggers the commit waits for whatever they have recorded in the
	// transaction, by cascades, functions and triggers of other tables too. A
	// statement outside of any gets one: Create, Update and Delete of every model,
	// and by db.Exec or Raw(…).Find a text whose statements all begin with INSERT,
	// UPDATE, DELETE, REPLACE, MERGE, TRUNCATE, COPY, WITH, EXPLAIN or DO; by
	// db.Exec on Postgres SELECT, VALUES and EXECUTE as well. Left to the relay are
	// all other texts outside of a transaction: of a SELECT that GORM reads nobody
	// sees what its functions write, CALL and what has COMMIT or ROLLBACK in it may
	// end transactions, DDL may not bear one; and db.Raw(…).Scan, Row and Rows, as
	// nothing tells when the rows have been read. db.Transaction around them waits.
	OnCommit
)

// Options tune a Plugin. The zero Options, and nil, mean the defaults. All
// programs of one outbox need the same rules: the package says what is to be done
// when they change.
type Options struct {
	// Capture says how changes are found: by Callbacks or by Triggers. All
	// programs that write the same database must be of one mind. Defaults to
	// Callbacks.
	Capture Capture

	// RawSQL says what to do with raw writes to tracked tables. Defaults to
	// RefuseRaw.
	RawSQL RawSQL

	// Deliver says whether a commit waits until its changes are readable.
	// Defaults to InBackground.
	Deliver Deliver

	// DeliverTimeout is the longest time that a commit waits with OnCommit; what
	// is not delivered by then is left to the relay. Defaults to two seconds.
	DeliverTimeout time.Duration

	// Batch is how many row changes the relay takes at once, at most; it takes
	// fewer when their images are large. Larger batches write a busy timeline
	// fewer times, and take more memory, a few kilobytes a change. Defaults to
	// 20,000.
	Batch int

	// Writers is how many timelines the relay writes side by side. Defaults
	// to 16.
	Writers int

	// Poll is the longest time the relay rests before it looks for changes that
	// other processes have committed; its own process wakes it at once. Defaults
	// to one second.
	Poll time.Duration

	// Logger gets what needs a person's eye: outages, dead letters, raw writes.
	// Defaults to slog.Default().
	Logger *slog.Logger

	// MeterProvider gets what Plugin.Stats says as OpenTelemetry metrics, whose
	// names begin with timak. Defaults to none.
	MeterProvider metric.MeterProvider
}

// withDefaults returns the options with zero fields filled in, or an error for
// one that is out of range.
func (o *Options) withDefaults() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Batch < 0 || out.Writers < 0 || out.Poll < 0 || out.DeliverTimeout < 0 ||
		out.RawSQL > WarnRaw || out.Capture > Triggers || out.Deliver > OnCommit {
		return out, fmt.Errorf("timakgorm: options out of range: Batch %d, Writers %d, Poll %v, DeliverTimeout %v, RawSQL %d, Capture %d, Deliver %d",
			out.Batch, out.Writers, out.Poll, out.DeliverTimeout, out.RawSQL, out.Capture, out.Deliver)
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
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	return out, nil
}
