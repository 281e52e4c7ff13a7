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
			work := func(ctx context.Context) (bool, error) { return t.restore(ctx, to) }
			if !yield(job{key: t.key, work: work}, err) {
				return
			}
		}
	}
}

// restore unpacks a timeline: only those are unpacked that are just carried.
func (t timeline) restore(ctx context.Context, to driver.Store) (changed bool, err error) {
	s, err := t.state()
	if err != nil {
		return false, err
	}
	return mergeInto(ctx, to, t.key, &s)
}

// Check reads a dump and reports what it holds: Timelines of them, up to After, while
// Failed were left out when it was made. Its errors are those of Restore.
func Check(ctx context.Context, file io.Reader) (Report, error) {
	report, err := check(ctx, file)
	if err != nil {
		err = fmt.Errorf("transfer: check: %w", err)
	}
	return report, err
}

func check(ctx context.Context, file io.Reader) (report Report, err error) {
	dump, err := newReader(file)
	for err == nil {
		var packed timeline
		if packed, err = dump.next(); err == nil {
			_, err = packed.state()
		}
		if err == nil {
			report.Timelines++
			report.After = packed.key
			err = context.Cause(ctx)
		}
	}
	if !errors.Is(err, io.EOF) {
		return report, err
	}
	report.Failed = int(dump.leftOut)
	return report, nil
}

// timeline is a timeline of a dump, as it is there: packed.
type timeline struct {
	key   string
	value []byte
}

func (t timeline) state() (state.State, error) {
	s, err := merged(t.key, [][]byte{t.value})
	if err != nil {
		err = fmt.Errorf("timeline %q of the dump: %w", t.key, err)
	}
	return s, err
}

// timelines returns the timelines of a dump. An error is the last element.
func timelines(file io.Reader) iter.Seq2[timeline, error] {
	return func(yield func(timeline, error) bool) {
		dump, err := newReader(file)
		for err == nil {
			var t timeline
			if t, err = dump.next(); err == nil && !yield(t, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(timeline{}, err)
		}
	}
}
