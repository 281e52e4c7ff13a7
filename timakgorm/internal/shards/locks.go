package shards

import (
	"context"
	"database/sql"
	"slices"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// lockClass is the first number of timak's advisory locks: different for each outbox
// of a database, and unlikely to be used by another program.
const lockClass = `(hashtext('timak_outbox ' || CAST(CAST('timak_outbox' AS regclass) AS oid)) & 2147483647)`

// locks says which shards are held, and by whom.
type locks struct {
	session int32          // the session that asks
	holders map[int32]bool // shards that any session holds
	mine    []int32        // shards that this session holds
	foreign []int32        // shards that sessions of other programs hold
	workers int            // the number of live workers
}

// share returns how many shards each of the workers should hold.
func (l locks) share() int {
	workers := max(l.workers, 1)
	return (outbox.ShardCount + workers - 1) / workers
}

// least returns how many shards are left to a worker if each of the others holds its share.
func (l locks) least() int {
	return max(outbox.ShardCount-l.share()*(max(l.workers, 1)-1), 0)
}

// free returns the shards that no session holds.
func (l locks) free() []int32 {
	var free []int32
	for shard := range int32(outbox.ShardCount) {
		if !l.holders[shard] {
			free = append(free, shard)
		}
	}
	return free
}

// lookAtLocks reads the locks from Postgres. The sessions ours are not foreign.
func lookAtLocks(ctx context.Context, db dialect.Querier, ours ...int32) (l locks, err error) {
	l.holders = map[int32]bool{}
	err = dialect.EachRow(ctx, db, `SELECT pg_backend_pid(), CAST(l.objid AS integer), l.pid
		FROM (SELECT 1) one LEFT JOIN pg_locks l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND l.classid = CAST(CAST(`+lockClass+` AS bigint) AS oid)`, nil, func(found *sql.Rows) error {
		var shard, holder sql.NullInt32
		if err := found.Scan(&l.session, &shard, &holder); err != nil {
			return err
		}
		l.note(shard, holder.Int32, ours)
		return nil
	})
	return l, err
}

// note adds one lock to l.
func (l *locks) note(shard sql.NullInt32, holder int32, ours []int32) {
	switch {
	case !shard.Valid:
	case shard.Int32 == presence:
		l.workers++
	default:
		l.holders[shard.Int32] = true
		if holder == l.session {
			l.mine = append(l.mine, shard.Int32)
			return
		}
		if !slices.Contains(ours, holder) {
			l.foreign = append(l.foreign, shard.Int32)
		}
	}
}
