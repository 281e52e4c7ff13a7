package outbox

import (
	"context"
	"database/sql"
	"time"
)

// A rebuild that has failed is repeated after a pause of leastPause to mostPause.
const (
	leastPause = 10 * time.Second
	mostPause  = time.Hour
)

// ClaimRebuild reports whether the caller may rebuild the store for so long: something is
// lost that no pause holds back, and nobody else rebuilds it.
func (o *Outbox) ClaimRebuild(ctx context.Context, patience time.Duration) (bool, error) {
	now := time.Now()
	return o.setRebuild(ctx, `rebuild_until = ? WHERE lost_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM timak_marks o WHERE o.rebuild_until >= ?)
		AND EXISTS (SELECT 1 FROM timak_marks o WHERE o.lost_at IS NOT NULL AND o.rebuild_from <= ?)`, now.Add(patience).UnixMicro(), now.UnixMicro(), now.UnixMicro())
}

// ProlongRebuild lets the caller go on with a rebuild for so long; 0 ends it.
func (o *Outbox) ProlongRebuild(ctx context.Context, patience time.Duration) error {
	_, err := o.setRebuild(ctx, "rebuild_until = ? WHERE lost_at IS NOT NULL AND rebuild_until > 0", time.Now().Add(patience).UnixMicro())
	return err
}

// PauseRebuild ends a rebuild that could not make good what is lost. The pause is as long
// as the time since the latest loss, and so doubles. What is found to be lost later waits
// for no pause.
func (o *Outbox) PauseRebuild(ctx context.Context) error {
	var latest sql.NullInt64
	if err := o.DB.QueryRowContext(ctx, "SELECT max(lost_at) FROM timak_marks").Scan(&latest); err != nil {
		return explained(err)
	}
	now := time.Now()
	pause := min(max(now.Sub(time.UnixMicro(latest.Int64)), leastPause), mostPause)
	_, err := o.setRebuild(ctx, "rebuild_until = 0, rebuild_from = ? WHERE lost_at IS NOT NULL AND rebuild_until > 0", now.Add(pause).UnixMicro())
	return err
}

// setRebuild changes the rows of marks, and reports whether it has changed any.
func (o *Outbox) setRebuild(ctx context.Context, set string, args ...any) (some bool, err error) {
	err = o.ordered(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, o.dialect.Bind("UPDATE timak_marks SET "+set), args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		some = n > 0
		return err
	})
	return some, explained(err)
}
