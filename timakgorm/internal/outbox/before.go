package outbox

import (
	"context"
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// FilledBefore returns the name of a tracked table that has rows, if no change of any row was
// ever recorded; otherwise "". Such rows are older than the rules, or were written in a way
// that is not followed.
func (o *Outbox) FilledBefore(ctx context.Context, ts *dialect.Tables) (table string, err error) {
	if used, err := o.used(ctx); err != nil || used {
		return "", err
	}
	for _, t := range ts.Sorted() {
		var filled bool
		if err := o.DB.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+t.SQL.From+")").Scan(&filled); err != nil {
			return "", fmt.Errorf("timakgorm: rows of %s: %w", t.Model.Table, err)
		}
		if filled {
			table = t.Model.Table
			break
		}
	}
	if table == "" {
		return "", nil
	}
	if used, err := o.used(ctx); err != nil || used { // the row may have come meanwhile, with its change
		return "", err
	}
	return table, nil
}

// used reports whether a change is recorded, or has ever left the outbox.
func (o *Outbox) used(ctx context.Context) (used bool, err error) {
	err = o.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM timak_clock WHERE high > 0)
		OR EXISTS (SELECT 1 FROM timak_outbox) OR EXISTS (SELECT 1 FROM timak_dead)`).Scan(&used)
	return used, Explain(err)
}
