package shards

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// presence is the number of the advisory lock that every live worker holds shared, in
// addition to those of its shards.
const presence = outbox.ShardCount

// Worker holds the part of the rows that one Run relays: its fair share among the live
// workers. Each shard has an advisory lock, which the session of one connection
// holds, so the shard becomes free when that session ends, in whatever way. While a
// lost connection goes unnoticed, two workers may have the same shard for a moment:
// versions make that harmless.
type Worker struct {
	shards *Shards
	db     *sql.DB

	conn    *sql.Conn // nil: none is held
	session int32     // of conn: the process id of its backend
	held    []int32   // shards
	next    time.Time // when to look at the other workers again
	uneven  bool      // some shards are nobody's, or this worker has too few
	none    bool      // do without shards: take everything
	spared  bool      // a connection was free beside conn
}

// Worker returns a worker that holds none yet. It does without shards on SQLite, and with a
// pool that is known to have one connection, which the application needs. It belongs to one
// goroutine.
func (s *Shards) Worker() *Worker {
	db, err := s.opts.DB()
	return &Worker{shards: s, db: db, none: err != nil || !s.opts.Dialect.Lock || db.Stats().MaxOpenConnections == 1}
}

// Hold returns the shards that this worker holds; nil means all. From time to time it
// looks at the other workers, and takes or gives up shards.
func (w *Worker) Hold(ctx context.Context) ([]int32, error) {
	if w.none {
		return nil, nil
	}
	if w.conn == nil || !time.Now().Before(w.next) {
		err := w.open(ctx)
		if err == nil {
			err = w.balance(ctx)
		}
		if errors.Is(err, outbox.ErrNoSpare) {
			w.doWithout(ctx, "timak: the relay leaves the only free connection to the application", "reason", err)
			return nil, nil
		}
		if err != nil {
			w.Release()
			return nil, fmt.Errorf("timakgorm: shards: %w", err)
		}
		w.next = time.Now().Add(w.between())
	}
	if w.none || len(w.held) == outbox.ShardCount {
		return nil, nil
	}
	return append([]int32{}, w.held...), nil // not nil, which means all
}

// between returns the time between two looks. An uneven share is looked at again soon, as
// somebody has just come or gone: a session that has ended may seem to live on for a while.
func (w *Worker) between() time.Duration {
	if w.uneven {
		return min(max(w.shards.opts.Poll, minBalance), unevenBalance)
	}
	return max(w.shards.opts.Poll, minBalance)
}

// Until returns how long it is until an uneven share is looked at again, and at most d.
func (w *Worker) Until(d time.Duration) time.Duration {
	if w.conn == nil || !w.uneven {
		return d
	}
	return min(d, max(time.Until(w.next), 0))
}

// doWithout gives up all shards, for as long as Run runs, and says why.
func (w *Worker) doWithout(ctx context.Context, why string, args ...any) {
	w.shards.opts.Log.WarnContext(ctx, why+"; it does without shards and applies all changes, as other relays may do too", args...)
	w.Release()
	w.none = true
}

// minBalance is the shortest time between two looks at the others' locks, as each
// costs the server a little; unevenBalance is the longest while the shards are uneven.
// shardPatience is the longest time that a look may take, or the wait for a connection.
const (
	minBalance    = 100 * time.Millisecond
	unevenBalance = time.Second
	shardPatience = 10 * time.Second
)

// balance takes or gives up shards until this worker holds its fair share.
func (w *Worker) balance(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shardPatience)
	defer cancel()
	locks, err := lookAtLocks(ctx, w.conn)
	if err != nil {
		return err
	}
	if locks.session != w.session {
		w.doWithout(ctx, "timak: the relay's connection has changed its session, as behind a pooler in transaction mode")
		return nil
	}
	w.held = locks.mine
	share, free := locks.share(), locks.free()
	if extra := len(w.held) - share; extra > 0 {
		w.uneven = false
		return w.give(ctx, w.held[:extra])
	}
	had := len(w.held)
	err = w.take(ctx, free, share-had)
	w.uneven = len(w.held) < locks.least() || len(free) > len(w.held)-had
	return err
}

// open opens the session, if there is none. The first time it makes sure that this leaves a
// connection to others.
func (w *Worker) open(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	if err := w.connect(ctx); err != nil || w.spared {
		return err
	}
	err := outbox.Spare(ctx, w.db)
	w.spared = err == nil
	return err
}

// connect opens the session and announces it to the other workers. Its TCP keepalive
// settings make the server notice soon if this machine is gone.
func (w *Worker) connect(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, shardPatience)
	defer cancel()
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	err = w.conn.QueryRowContext(ctx, `SELECT pg_backend_pid() FROM (SELECT
		set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
		set_config('tcp_keepalives_count', '3', false), pg_advisory_lock_shared(`+lockClass+`, $1)) s`, presence).Scan(&w.session)
	w.shards.pids.add(w.session)
	return err
}

// take tries to lock n of the free shards, in random order, as other workers do the
// same.
func (w *Worker) take(ctx context.Context, free []int32, n int) (err error) {
	if n = min(n, len(free)); n <= 0 {
		return nil
	}
	rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	taken, err := w.each(ctx, "pg_try_advisory_lock", free[:n])
	w.held = append(w.held, taken...)
	return err
}

// give unlocks shards.
func (w *Worker) give(ctx context.Context, extra []int32) error {
	_, err := w.each(ctx, "pg_advisory_unlock", extra)
	w.held = w.held[len(extra):]
	return err
}

// each calls a lock function for each shard, and returns those for which it returned
// true.
func (w *Worker) each(ctx context.Context, function string, shards []int32) (yes []int32, err error) {
	query := "SELECT s, " + function + "(" + lockClass + ", s) FROM unnest(CAST(CAST($1 AS text) AS integer[])) s"
	err = dialect.EachRow(ctx, w.conn, query, []any{outbox.ArrayText(shards)}, func(found *sql.Rows) error {
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

// Release gives up all shards and the presence. It closes the connection and does not
// return it to the pool, so that everything it holds ends with it.
func (w *Worker) Release() {
	if w.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// Unlock now: the server may take a while to notice the end of the connection.
	_, _ = w.conn.ExecContext(ctx, "SELECT pg_advisory_unlock_all()")
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.conn.Close()
	w.shards.pids.remove(w.session)
	w.conn, w.held = nil, nil
}
