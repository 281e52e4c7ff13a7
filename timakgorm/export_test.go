package timakgorm

import (
	"context"
	"database/sql"
	"time"
)

// JudgeTimes has Verify look at what is in doubt so many times: less than it
// would where nothing is going to settle it.
func (p *Plugin) JudgeTimes(n int) { p.judges = n }

// SettleHalfway settles nothing, and leaves the transaction open as a program
// does that goes away in its midst.
func (p *Plugin) SettleHalfway(ctx context.Context) (*sql.Tx, error) {
	o, err := p.outbox()
	if err != nil {
		return nil, err
	}
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return tx, o.settleIn(ctx, tx, settlement{})
}

// ForgetForeignKeys has the plugin look at the foreign keys again, as it does after
// a while.
func (p *Plugin) ForgetForeignKeys() { p.cascades.until = time.Time{} }
