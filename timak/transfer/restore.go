package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
)

// Restore carries the timelines of a dump to a store. It reads the whole dump first, from
// where file is, and writes nothing unless that is whole. Then it reads it again. Like
// Copy, it may be repeated.
//
// It returns ErrDump for a damaged dump, ErrDumpVersion for one of a later release, and
// otherwise the errors of file and of Copy.
func Restore(ctx context.Context, file io.ReadSeeker, to driver.Store, opts *Options) (Report, error) {
	report, err := restore(ctx, file, to, opts)
	if err != nil {
		err = fmt.Errorf("transfer: restore: %w", err)
	}
	return report, err
}

func restore(ctx context.Context, file io.ReadSeeker, to driver.Store, opts *Options) (Report, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return Report{}, err
	}
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return Report{}, err
	}
	if _, err := check(ctx, file); err != nil {
		return Report{After: o.After}, err
	}
	if _, err := file.Seek(start, io.SeekStart); err != nil {
		return Report{}, err
	}
	return o.run(ctx, o.restored(file, to))
}

// restored returns the jobs that carry the timelines of a dump.
func (o Options) restored(file io.Reader, to driver.Store) iter.Seq2[job, error] {
	return func(yield func(job, error) bool) {
		for t, err := range timelines(file) {
			if err == nil && t.key <= o.After {
				continue
			}
			work := func(ctx context.Context) (bool, error) { return mergeInto(ctx, to, t.key, &t.state) }
			if !yield(job{key: t.key, work: work}, err) {
				return
			}
		}
	}
}

// Check reads a dump and returns how many timelines it holds. Its errors are those of
// Restore.
func Check(ctx context.Context, file io.Reader) (count int, err error) {
	count, err = check(ctx, file)
	if err != nil {
		err = fmt.Errorf("transfer: check: %w", err)
	}
	return count, err
}

func check(ctx context.Context, file io.Reader) (count int, err error) {
	for _, err := range timelines(file) {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

// timeline is a timeline of a dump.
type timeline struct {
	key   string
	state state.State
}

// timelines returns the timelines of a dump. An error is the last element.
func timelines(file io.Reader) iter.Seq2[timeline, error] {
	return func(yield func(timeline, error) bool) {
		dump, err := newReader(file)
		for err == nil {
			var key string
			var value []byte
			if key, value, err = dump.next(); err != nil {
				break
			}
			t := timeline{key: key}
			if t.state, err = merged(key, [][]byte{value}); err != nil {
				err = fmt.Errorf("timeline %q of the dump: %w", key, err)
				break
			}
			if !yield(t, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(timeline{}, err)
		}
	}
}
