package audit

import (
	"context"
	"time"
)

// turn notes that some timelines are done, whose rows are all counted.
func (v *verification) turn(keys int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.at.Keys += keys
	v.at.Rows += v.report.Rows - v.ticking
	v.ticking = v.report.Rows
	v.report.Keys += keys
	v.tell(v.at.Rows)
}

// tell calls Progress.
func (v *verification) tell(rows int64) {
	if v.opts.Progress == nil {
		return
	}
	elapsed := time.Since(v.started)
	v.opts.Progress(Progress{
		Keys: v.at.Keys, Rows: rows, All: max(v.all, rows), Differences: v.report.found(),
		Elapsed: elapsed, Rate: float64(v.report.Rows) / max(elapsed.Seconds(), 1e-9), From: v.token(),
	})
}

// rowsATick is how many rows of one timeline are compared between two calls of
// Progress.
const rowsATick = 10000

// counter returns the function that counts the rows of one timeline.
func (v *verification) counter(ctx context.Context) func(rows int64) error {
	return func(rows int64) error {
		if rows%rowsATick > 0 {
			return nil
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.report.Rows += rowsATick
		v.tell(v.at.Rows + v.report.Rows - v.ticking)
		return ctx.Err()
	}
}
