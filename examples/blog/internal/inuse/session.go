package inuse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/timak-go/timak/timak/secret"
)

// session is a connection to Postgres, whose advisory locks end with it. The methods of a
// nil session lock nothing.
type session struct {
	dsn  secret.Text
	conn *pgx.Conn
}

// The numbers of the advisory locks.
const (
	class     = 0x626c6f67 // "blog"
	inUse     = 1          // shared by those who use the timelines; of one who moves them alone
	settingUp = 2          // of one who creates tables
)

// connect opens a session with the server of a DSN.
func connect(ctx context.Context, dsn secret.Text) (*session, error) {
	s := &session{dsn: dsn}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("reach Postgres: %w", err)
	}
	return s, nil
}

// open connects. The server notices soon if this machine is gone.
func (s *session) open(ctx context.Context) (err error) {
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
	if _, err := s.conn.Exec(ctx, "SELECT pg_advisory_lock($1, $2)", class, settingUp); err != nil {
		return fmt.Errorf("wait for other blogs that start: %w", err)
	}
	err := do()
	_, unlock := s.conn.Exec(ctx, "SELECT pg_advisory_unlock($1, $2)", class, settingUp)
	return errors.Join(err, unlock)
}

// share takes the lock of those who use the timelines.
func (s *session) share(ctx context.Context) error {
	return s.lock(ctx, "pg_try_advisory_lock_shared",
		`another process is moving the timelines of this database ("blog rebuild"): start when it is done`)
}

// exclude takes the lock of the one who moves the timelines.
func (s *session) exclude(ctx context.Context) error {
	return s.lock(ctx, "pg_try_advisory_lock",
		"a blog is running on this database, and the timelines are to be moved: stop every blog on it first")
}

// lock takes the lock that says who uses the timelines, or returns an error with this
// text.
func (s *session) lock(ctx context.Context, function, taken string) error {
	if s == nil {
		return nil
	}
	if _, err := s.conn.Exec(ctx, "SELECT pg_advisory_unlock_all()"); err != nil {
		return err
	}
	var ok bool
	if err := s.conn.QueryRow(ctx, "SELECT "+function+"($1, $2)", class, inUse).Scan(&ok); err != nil {
		return err
	}
	if !ok {
		return &WrongError{why: taken}
	}
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
