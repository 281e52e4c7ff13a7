package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Dump writes all timelines of a store to w, in the order of their keys. What it has
// written is a dump only if Dump returns no error: otherwise it lacks its end, which Check
// and Restore notice. See docs/format.md.
//
// A timeline is as it was at a moment during the dump; different ones are of different
// moments. Errors are those of Copy and of w.
func Dump(ctx context.Context, from driver.Store, w io.Writer, opts *Options) (Report, error) {
	report, err := dump(ctx, from, w, opts)
	if err != nil {
		err = fmt.Errorf("transfer: dump: %w", err)
	}
	return report, err
}

func dump(ctx context.Context, from driver.Store, w io.Writer, opts *Options) (Report, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return Report{}, err
	}
	buffered := bufio.NewWriterSize(w, 1<<20)
	records, err := newWriter(buffered)
	if err != nil {
		return Report{}, err
	}
	report, err := o.each(ctx, from, func(key string) job { return dumpOne(from, records, key) })
	if err == nil {
		err = errors.Join(records.end(report.Failed), buffered.Flush())
	}
	return report, err
}

func dumpOne(from driver.Store, records *writer, key string) job {
	var value []byte
	return job{
		key: key,
		work: func(ctx context.Context) (bool, error) {
			s, object, err := read(ctx, from, key)
			if err == nil && len(object.Siblings) > 0 {
				value, err = wire.Encode(key, &s, true)
			}
			return value != nil, err
		},
		finish: func() error {
			if value == nil { // it was deleted after it was listed
				return nil
			}
			return records.write(key, value)
		},
	}
}
