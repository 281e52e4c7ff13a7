package outbox

import (
	"context"
	"fmt"
	"time"
)

// Backlog says how far the relay is behind.
type Backlog struct {
	Waiting int64         // changes of tracked tables in the outbox
	Oldest  time.Duration // age of the one with the lowest version; 0 if there is none
	Dead    int64         // dead letters of tracked tables
}

// Backlog counts the changes and dead letters of tracked tables. It takes a version
// for the time of its change.
func (o *Outbox) Backlog(ctx context.Context) (b Backlog, err error) {
	among, args := o.among(Selection{})
	var oldest, now int64
	err = o.DB.QueryRowContext(ctx, o.dialect.Bind(`SELECT count(*), coalesce(min(version), 0), `+o.dialect.Micros()+`,
		(SELECT count(*) FROM timak_dead WHERE `+among+`) FROM timak_outbox WHERE `+among), append(args, args...)...).
		Scan(&b.Waiting, &oldest, &now, &b.Dead)
	if err != nil {
		return b, fmt.Errorf("timakgorm: stats: %w", err)
	}
	if now == 0 {
		now = time.Now().UnixMicro()
	}
	if b.Waiting > 0 { // after a clock was set back, versions are ahead of it
		b.Oldest = max(0, time.Duration(now-oldest)*time.Microsecond)
	}
	return b, nil
}
