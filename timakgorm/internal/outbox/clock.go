package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// clockStep is how much higher than the clock's row a version must be on Postgres for the
// row to be updated. Versions are those of a sequence there, and the row is what relays wait
// at; each update would leave a dead row behind, which all later ones must pass while it
// cannot be removed. A lock leaves none.
const clockStep = int64(10 * time.Second / time.Microsecond)

// raiseClock waits at the clock's row, and makes later versions exceed those of the changes
// that leave.
func (o *Outbox) raiseClock(ctx context.Context, tx *sql.Tx, high int64) error {
	if !o.dialect.Lock {
		return Raise(ctx, tx, o.dialect, high)
	}
	var now int64
	err := tx.QueryRowContext(ctx, "SELECT high FROM timak_clock FOR UPDATE").Scan(&now)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && high > 0 && (now == 0 || high-now > clockStep):
		return Raise(ctx, tx, o.dialect, high)
	}
	return err
}

// Raise makes versions that are drawn later exceed high. It locks the clock's row even
// if its value stays the same, and inserts the row if the table is empty.
func Raise(ctx context.Context, tx *sql.Tx, d dialect.Dialect, high int64) error {
	raised, err := tx.ExecContext(ctx, d.Bind("UPDATE timak_clock SET high = "+d.Greatest+"(high, ?)"), high)
	if err != nil {
		return err
	}
	if n, err := raised.RowsAffected(); n > 0 || err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, d.Bind("INSERT INTO timak_clock (high) VALUES (?) ON CONFLICT DO NOTHING"), high)
	return err
}

// Exceed makes every version drawn from now on higher than version.
func (o *Outbox) Exceed(ctx context.Context, version int64) error {
	raise, args := "UPDATE timak_clock SET high = ? WHERE high < ?", []any{version, version}
	if o.dialect.Numbered {
		raise, args = "SELECT timak_version(?)", args[:1]
	}
	if _, err := o.DB.ExecContext(ctx, o.dialect.Bind(raise), args...); err != nil {
		return fmt.Errorf("timakgorm: raise the clock: %w", err)
	}
	return nil
}

// High returns the highest version that has left the outbox; on Postgres it may be clockStep
// higher.
func (o *Outbox) High(ctx context.Context) (version int64, err error) {
	if err := o.DB.QueryRowContext(ctx, "SELECT high FROM timak_clock").Scan(&version); err != nil {
		return 0, fmt.Errorf("timakgorm: read the clock: %w", err)
	}
	return version, nil
}
