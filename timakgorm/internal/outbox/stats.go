package outbox

import (
	"context"
	"fmt"
	"time"
)

// Backlog is how far the outbox is behind.
type Backlog struct {
	Waiting int64         // changes of tracked tables that are not applied yet
	Oldest  time.Duration // age of the oldest of these; 0 if there is none
	Dead    int64         // dead letters of tracked tables
}

// Backlog counts what waits. A version is the time of its change.
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
	if b.Waiting > 0 { // a version runs ahead of a clock that was set back
		b.Oldest = max(0, time.Duration(now-oldest)*time.Microsecond)
	}
	return b, nil
}
