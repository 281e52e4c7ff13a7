package timakgorm

import (
	"fmt"
	"log/slog"
	"time"
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

// Options tune a Plugin. The zero Options, and nil, mean the defaults.
type Options struct {
	// RawSQL says what to do with raw writes to tracked tables. Defaults to
	// RefuseRaw.
	RawSQL RawSQL

	// Batch is how many row changes the relay takes at once. Larger batches
	// write a busy timeline fewer times. Defaults to 1000.
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
}

// withDefaults returns the options with zero fields filled in, or an error for
// one that is out of range.
func (o *Options) withDefaults() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Batch < 0 || out.Writers < 0 || out.Poll < 0 || out.RawSQL > WarnRaw {
		return out, fmt.Errorf("timakgorm: options out of range: Batch %d, Writers %d, Poll %v, RawSQL %d",
			out.Batch, out.Writers, out.Poll, out.RawSQL)
	}
	if out.Batch == 0 {
		out.Batch = 1000
	}
	if out.Writers == 0 {
		out.Writers = 16
	}
	if out.Poll == 0 {
		out.Poll = time.Second
	}
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	return out, nil
}
