package inuse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/timak-go/timak/timak/secret"
)

// session is a connection to Postgres, whose advisory locks end with it. The methods of a
// nil session lock nothing.
type session struct {
	dsn      secret.Text
	log      *slog.Logger
	conn     *pgx.Conn
	release  string        // the function that gives back the lock inUse, if it is held
	patience time.Duration // how long to wait in silence for others that start
}

// startPatience is much more than another blog needs to create its tables.
const startPatience = 5 * time.Second

// errPooler is returned if a lock that was taken is not there any more.
var errPooler = errors.New("a lock was taken on another connection than it was given back on, as behind a pooler (such as PgBouncer) in transaction mode: " +
	"connect without a pooler, or in session mode")

// The numbers of the advisory locks.
const (
	class     = 0x626c6f67 // "blog"
	inUse     = 1          // shared by those who use the timelines; of one who moves them alone
	settingUp = 2          // of one who creates tables
)

// connect opens a session with the server of a DSN.
func connect(ctx context.Context, dsn secret.Text, log *slog.Logger) (*session, error) {
	s := &session{dsn: dsn, log: log, patience: startPatience}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("reach Postgres: %w", err)
	}
	return s, nil
}

// open connects. The server notices soon if this machine is gone.
func (s *session) open(ctx context.Context) (err error) {
	s.release = ""
	if s.conn, err = pgx.Connect(ctx, s.dsn.Reveal()); err != nil {
		return err
	}
	_, err = s.conn.Exec(ctx, `SELECT set_config('tcp_keepalives_idle', '10', false),
		set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)`)
	return err
}

func (s *session) close() error {
	if s == nil || s.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.conn.Close(ctx)
}

// setUp calls do, while no other session does so.
func (s *session) setUp(ctx context.Context, do func() error) error {
	if s == nil {
		return do()
	}
	if err := s.awaitTurn(ctx); err != nil {
		return fmt.Errorf("wait for other blogs that start: %w", err)
	}
	return errors.Join(do(), s.unlock(ctx, "pg_advisory_unlock", settingUp))
}

// awaitTurn takes the lock of those who create tables. It says so if that takes long.
func (s *session) awaitTurn(ctx context.Context) error {
	slow := time.AfterFunc(s.patience, func() {
		s.log.WarnContext(ctx, "blog: waiting for another blog that is starting on this database; "+
			"if there is none, a pooler (such as PgBouncer) in transaction mode may hold the lock: connect without one, or in session mode")
	})
	defer slow.Stop()
	_, err := s.conn.Exec(ctx, "SELECT pg_advisory_lock($1, $2)", class, settingUp)
	return err
}

// unlock gives a lock back with a function of Postgres.
func (s *session) unlock(ctx context.Context, function string, lock int) error {
	var held bool
	if err := s.conn.QueryRow(ctx, "SELECT "+function+"($1, $2)", class, lock).Scan(&held); err != nil {
		return fmt.Errorf("give back a lock: %w", err)
	}
	if !held {
		return errPooler
	}
	return nil
}

// share takes the lock of those who use the timelines.
func (s *session) share(ctx context.Context) error {
	return s.lock(ctx, "pg_try_advisory_lock_shared", "pg_advisory_unlock_shared",
		`another process is moving the timelines of this database ("blog rebuild"): start when it is done`)
}

// exclude takes the lock of the one who moves the timelines.
func (s *session) exclude(ctx context.Context) error {
	return s.lock(ctx, "pg_try_advisory_lock", "pg_advisory_unlock",
		"a blog is running on this database, and the timelines are to be moved: stop every blog on it first")
}

// lock takes the lock that says who uses the timelines, in place of the one that is held, or
// returns an error with this text.
func (s *session) lock(ctx context.Context, take, release, taken string) error {
	if s == nil {
		return nil
	}
	if s.release != "" {
		if err := s.unlock(ctx, s.release, inUse); err != nil {
			return err
		}
		s.release = ""
	}
	var ok bool
	if err := s.conn.QueryRow(ctx, "SELECT "+take+"($1, $2)", class, inUse).Scan(&ok); err != nil {
		return err
	}
	if !ok {
		return &WrongError{why: taken}
	}
	s.release = release
	return nil
}

// untilBroken returns when the connection has broken, or ctx has ended.
func (s *session) untilBroken(ctx context.Context) {
	for ctx.Err() == nil && !s.conn.IsClosed() {
		_, _ = s.conn.WaitForNotification(ctx) // nobody notifies: it reads until there is an end
	}
}

// renew connects again, and shares the lock.
func (s *session) renew(ctx context.Context) error {
	_ = s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	return s.share(ctx)
}
