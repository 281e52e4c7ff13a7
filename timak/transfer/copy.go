package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/timak-go/timak/timak/driver"
)

// ErrNotListed is returned for a source that cannot list its keys: it is no
// driver.Lister.
var ErrNotListed = errors.New("store cannot list its keys, as only those of boltstore, pgstore, redisstore and memstore can: " +
	"make the timelines from the tables that they were made from (timakgorm.Plugin.Rebuild)")

// Copy carries all timelines of a store to another, with what readers have seen of them.
// It needs the memory of twice Options.Parallel timelines, and that of a page of keys.
//
// After an error or at the end of ctx, the report says where to go on. Errors of the
// stores are wrapped; a damaged timeline is timak.ErrCorrupt.
func Copy(ctx context.Context, from, to driver.Store, opts *Options) (Report, error) {
	report, err := copyAll(ctx, from, to, opts)
	if err != nil {
		err = fmt.Errorf("transfer: copy: %w", err)
	}
	return report, err
}

func copyAll(ctx context.Context, from, to driver.Store, opts *Options) (Report, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return Report{}, err
	}
	return o.each(ctx, from, func(key string) job {
		return job{key: key, work: func(ctx context.Context) (bool, error) { return copyOne(ctx, from, to, key) }}
	})
}

func copyOne(ctx context.Context, from, to driver.Store, key string) (changed bool, err error) {
	s, _, err := read(ctx, from, key)
	if err != nil {
		return false, fmt.Errorf("in the source: %w", err)
	}
	return mergeInto(ctx, to, key, &s)
}

// each does the job of every key of a store.
func (o Options) each(ctx context.Context, from driver.Store, jobOf func(key string) job) (Report, error) {
	lister, ok := from.(driver.Lister)
	if !ok {
		return Report{After: o.After}, ErrNotListed
	}
	return o.run(ctx, jobsOf(lister.Keys(ctx, "", o.After), jobOf))
}

func jobsOf(keys iter.Seq2[string, error], jobOf func(key string) job) iter.Seq2[job, error] {
	return func(yield func(job, error) bool) {
		for key, err := range keys {
			if err != nil {
				yield(job{}, err)
				return
			}
			if !yield(jobOf(key), nil) {
				return
			}
		}
	}
}
