package transfer

import "fmt"

// Options tune a transfer. The zero Options, and nil, mean the defaults.
type Options struct {
	// After is where to begin: only timelines with keys after it, in the order of
	// their bytes, are carried. To go on with a transfer that was stopped, pass the
	// After of its Report. Defaults to none: all timelines are carried.
	After string

	// Parallel is how many timelines are carried at the same time, from 1 to
	// MaxParallel; twice as many may be in memory. Defaults to 16.
	Parallel int

	// Progress is called after each timeline, if it is not nil. A transfer calls it,
	// and Failed, from one goroutine.
	Progress func(Report)

	// Failed is called, in the order of the keys, for each timeline that cannot be
	// carried: it is damaged, or a store has failed. If it returns nil, the timeline is
	// left out, and the others are carried; otherwise the transfer ends with the error
	// that it returns. Defaults to an end with the first error.
	Failed func(key string, err error) error
}

// MaxParallel is the highest Options.Parallel.
const MaxParallel = 1024

const defaultParallel = 16

// withDefaults returns the options with zero fields filled in, or an error that names
// the option that is out of range; o may be nil.
func (o *Options) withDefaults() (Options, error) {
	var all Options
	if o != nil {
		all = *o
	}
	if all.Parallel == 0 {
		all.Parallel = defaultParallel
	}
	if all.Parallel < 1 || all.Parallel > MaxParallel {
		return all, fmt.Errorf("Options.Parallel: expected 1 to %d, or 0 for %d, got %d", MaxParallel, defaultParallel, all.Parallel)
	}
	if all.Progress == nil {
		all.Progress = func(Report) {}
	}
	if all.Failed == nil {
		all.Failed = func(_ string, err error) error { return err }
	}
	return all, nil
}

// Report says how far a transfer has come.
type Report struct {
	Timelines int // carried
	Changed   int // of these: what was there before did not say the same already
	Failed    int // left out by Options.Failed

	// After is the last key up to which, in the order of their bytes, all timelines are
	// done. It is where to go on: see Options.After.
	After string
}
