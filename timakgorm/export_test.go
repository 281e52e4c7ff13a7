package timakgorm

import (
	"context"
	"database/sql"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// JudgeTimes has Verify look at what is in doubt so many times: less than it
// would where nothing is going to settle it.
func (p *Plugin) JudgeTimes(n int) { p.audit.Judges = n }

// SettleHalfway settles nothing, and leaves the transaction open as a program
// does that goes away in its midst.
func (p *Plugin) SettleHalfway(ctx context.Context) (*sql.Tx, error) {
	o, err := p.outbox()
	if err != nil {
		return nil, err
	}
	tx, err := o.DB.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return tx, o.SettleIn(ctx, tx, outbox.Settlement{})
}
