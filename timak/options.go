package timak

import (
	"fmt"
	"log/slog"
	"time"
)

// Order is the order of a timeline. Items fall off its end.
type Order uint8

const (
	// NewestFirst puts the latest date first and drops the earliest.
	NewestFirst Order = iota
	// OldestFirst puts the earliest date first and drops the latest.
	OldestFirst
)

// Options tune an engine. The zero Options, and nil, mean the defaults.
type Options struct {
	// MaxItems is how many items a timeline shows; the rest fall off the end.
	// Tombstones do not count. Defaults to 1000.
	MaxItems int

	// Order must be the same for every program that uses a timeline. Defaults
	// to NewestFirst.
	Order Order

	// TombstoneTTL is how long a removal is remembered. A change that arrives later
	// is reported as Stale and not applied. It must exceed the longest time that a
	// replica or a relay may be away. Defaults to 7 days.
	TombstoneTTL time.Duration

	// MaxData is the limit for an item's data, in bytes. Defaults to 64 KiB.
	MaxData int

	// Uncompressed stores values without compression, so that they can be
	// inspected. Reads accept both kinds either way.
	Uncompressed bool

	// CacheBytes is how much of its own recent writes an engine remembers, so that
	// the next write of a timeline need not read it first. It helps only with
	// stores that can prove that nobody else has written. Reads never use it.
	// Defaults to 16 MiB; a negative value turns it off.
	CacheBytes int

	// Clock tells the time. Defaults to time.Now.
	Clock func() time.Time

	// Logger gets what needs human attention: damaged values. Defaults to
	// slog.Default().
	Logger *slog.Logger
}

const (
	defaultMaxItems     = 1000
	defaultTombstoneTTL = 7 * 24 * time.Hour
	defaultMaxData      = 64 << 10
	defaultCacheBytes   = 16 << 20
)

// withDefaults returns the options with zero fields filled in. It panics on values
// out of range.
func (o *Options) withDefaults() Options {
	var out Options
	if o != nil {
		out = *o
	}
	if out.MaxItems < 0 || out.TombstoneTTL < 0 || out.MaxData < 0 || out.Order > OldestFirst {
		panic(fmt.Sprintf("timak: options out of range: MaxItems %d, TombstoneTTL %v, MaxData %d, Order %d",
			out.MaxItems, out.TombstoneTTL, out.MaxData, out.Order))
	}
	if out.MaxItems == 0 {
		out.MaxItems = defaultMaxItems
	}
	if out.TombstoneTTL == 0 {
		out.TombstoneTTL = defaultTombstoneTTL
	}
	if out.MaxData == 0 {
		out.MaxData = defaultMaxData
	}
	if out.CacheBytes == 0 {
		out.CacheBytes = defaultCacheBytes
	}
	if out.Clock == nil {
		out.Clock = time.Now //nolint:forbidigo // the one place where the engine gets its clock
	}
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	return out
}
