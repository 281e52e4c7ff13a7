package relay

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// presence is the number of the lock that every live worker shares, beside
// those of the shards.
const presence = outbox.ShardCount

// shards are the part of the rows that one Run relays: its fair share among the
// live workers. Each shard has an advisory lock, held by the session of one
// connection, so that it is free when that ends, however it ends. A lost
// connection that has not been noticed yet makes two workers for a moment,
// which their versions make harmless.
type shards struct {
	relay *Relay
	db    *sql.DB

	conn    *sql.Conn // nil: none is held
	session int32     // of conn: the number of the server's process
	held    []int32
	next    time.Time // of the next look at the others
	none    bool      // there are no shards here: take everything
}

// newShards returns none for a database with one relay, and for a pool whose
// only connection the application needs.
func (r *Relay) newShards() *shards {
	s := &shards{relay: r}
	db, err := r.opts.DB()
	s.db, s.none = db, err != nil || !r.tables.Dialect.Lock || db.Stats().MaxOpenConnections == 1
	return s
}

// hold returns the shards that are ours now; nil for all. From time to time it
// looks who else is there, and takes or gives.
func (s *shards) hold(ctx context.Context) ([]int32, error) {
	if s.none {
		return nil, nil
	}
	if now := time.Now(); s.conn == nil || !now.Before(s.next) {
		if err := s.balance(ctx); err != nil {
			s.release()
			return nil, fmt.Errorf("timakgorm: shards: %w", err)
		}
		s.next = now.Add(max(s.relay.opts.Poll, minBalance))
	}
	if s.none || len(s.held) == outbox.ShardCount {
		return nil, nil
	}
	return append([]int32{}, s.held...), nil // not nil, which means all
}

// minBalance is the shortest time between two looks at the others' locks, which
// costs the server a little; shardPatience the longest time that one may take,
// the wait for a connection included.
const (
	minBalance    = 100 * time.Millisecond
	shardPatience = 10 * time.Second
)

// balance brings what is held to the fair share.
func (s *shards) balance(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shardPatience)
	defer cancel()
	if err := s.connect(ctx); err != nil {
		return err
	}
	locks, err := lookAtLocks(ctx, s.conn)
	if err != nil {
		return err
	}
	if locks.session != s.session {
		s.relay.opts.Log.WarnContext(ctx, "timak: the relay's connection has changed its session, as with a pooler that hands "+
			"them out by transaction; it holds no shards and works beside the other relays")
		s.none = true
		return nil
	}
	s.held = locks.mine
	share := locks.share()
	if extra := len(s.held) - share; extra > 0 {
		return s.give(ctx, s.held[:extra])
	}
	return s.take(ctx, locks.free(), share-len(s.held))
}

// connect opens the session, if there is none, and makes it known to the
// others. The server is to notice soon when this machine has gone.
func (s *shards) connect(ctx context.Context) (err error) {
	if s.conn != nil {
		return nil
	}
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return err
	}
	err = s.conn.QueryRowContext(ctx, `SELECT pg_backend_pid() FROM (SELECT
		set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
		set_config('tcp_keepalives_count', '3', false), pg_advisory_lock_shared(`+lockClass+`, $1)) s`, presence).Scan(&s.session)
	s.relay.pids.add(s.session)
	return err
}

// take locks some of the shards that nobody seems to hold, in any order, as
// others do the same.
func (s *shards) take(ctx context.Context, free []int32, n int) (err error) {
	if n = min(n, len(free)); n <= 0 {
		return nil
	}
	rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	taken, err := s.each(ctx, "pg_try_advisory_lock", free[:n])
	s.held = append(s.held, taken...)
	return err
}

// give unlocks shards.
func (s *shards) give(ctx context.Context, extra []int32) error {
	_, err := s.each(ctx, "pg_advisory_unlock", extra)
	s.held = s.held[len(extra):]
	return err
}

// each calls a function of locks, and returns for which shards it said yes.
func (s *shards) each(ctx context.Context, function string, shards []int32) (yes []int32, err error) {
	query := "SELECT s, " + function + "(" + lockClass + ", s) FROM unnest(CAST(CAST($1 AS text) AS integer[])) s"
	err = dialect.EachRow(ctx, s.conn, query, []any{outbox.ArrayText(shards)}, func(found *sql.Rows) error {
		var shard int32
		var so bool
		err := found.Scan(&shard, &so)
		if so {
			yes = append(yes, shard)
		}
		return err
	})
	return yes, err
}

// release gives up all shards and the presence. The connection is closed, and
// not given back to the pool: whatever it holds ends with it.
func (s *shards) release() {
	if s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// At once, and not when the server has noticed the end of the connection.
	_, _ = s.conn.ExecContext(ctx, "SELECT pg_advisory_unlock_all()")
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
	s.relay.pids.remove(s.session)
	s.conn, s.held = nil, nil
}
