package live

import (
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// Options are the times and bounds of streams that tell of new posts. Zero fields mean the
// defaults.
type Options struct {
	// Beat is the time between two signs of life on a stream, for proxies that cut silent
	// connections. Defaults to 15 s.
	Beat time.Duration

	// Pause is the least time between two looks at a list. Defaults to 1 s.
	Pause time.Duration

	// Life is how long a stream lasts, give or take a tenth. Then the browser connects
	// again. Defaults to 10 min.
	Life time.Duration

	// Write is how long a client may take to receive. Defaults to 10 s.
	Write time.Duration

	// PerAddress is how many streams an address may have, or a network of IPv6. Defaults to
	// half of blog.MaxWatches.
	PerAddress int

	// Stopping ends all streams when it is closed. Defaults to nil, which is never.
	Stopping <-chan struct{}
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		of *time.Duration
		is time.Duration
	}{{&o.Beat, 15 * time.Second}, {&o.Pause, time.Second}, {&o.Life, 10 * time.Minute}, {&o.Write, 10 * time.Second}} {
		if *d.of == 0 {
			*d.of = d.is
		}
	}
	if o.PerAddress == 0 {
		o.PerAddress = blog.MaxWatches / 2
	}
	return o
}
