package inuse

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/secret"
)

// open opens a session, with a log.
func open(t *testing.T, dsn string) (*session, lines) {
	t.Helper()
	log := make(lines, 10)
	s, err := connect(t.Context(), secret.New(dsn), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s, log
}

// lines are the lines of a log.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// Behind a pooler in transaction mode a lock may be given back on another connection than
// the one that holds it. Here the lock is not there any more.
func TestSession_pooler(t *testing.T) {
	t.Parallel()
	s, _ := open(t, pgtest.DSN(t))
	loseLocks := func() error {
		_, err := s.conn.Exec(t.Context(), "SELECT pg_advisory_unlock_all()")
		return err
	}
	if err := s.setUp(t.Context(), func() error { return nil }); err != nil {
		t.Errorf("without a pooler: %v", err)
	}
	if err := s.setUp(t.Context(), loseLocks); !errors.Is(err, errPooler) {
		t.Errorf("setting up: got %v, want errPooler", err)
	}
	if err := errors.Join(s.share(t.Context()), loseLocks()); err != nil {
		t.Fatal(err)
	}
	if err := s.exclude(t.Context()); !errors.Is(err, errPooler) {
		t.Errorf("in use: got %v, want errPooler", err)
	}
}

// A session gives back its own lock alone, and keeps those of others on its connection.
func TestSession_oneLock(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	s, _ := open(t, dsn)
	if _, err := s.conn.Exec(t.Context(), "SELECT pg_advisory_lock(7, 7)"); err != nil {
		t.Fatal(err)
	}
	for _, take := range []func(context.Context) error{s.share, s.exclude, s.share, s.share} {
		if err := take(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	other, _ := open(t, dsn)
	var free bool
	if err := other.conn.QueryRow(t.Context(), "SELECT pg_try_advisory_lock(7, 7)").Scan(&free); err != nil || free {
		t.Errorf("the other lock is free: %v, %v", free, err)
	}
	if err := other.exclude(t.Context()); err == nil {
		t.Error("the lock is not shared")
	}
	if err := other.share(t.Context()); err != nil {
		t.Errorf("the lock is not shared: %v", err)
	}
}

// Whoever waits long says so, with what may be the reason.
func TestSession_waits(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	first, _ := open(t, dsn)
	second, log := open(t, dsn)
	second.patience = time.Millisecond
	ended := make(chan error, 1)
	err := first.setUp(t.Context(), func() error {
		go func() { ended <- second.setUp(t.Context(), func() error { return nil }) }()
		select {
		case line := <-log:
			if !strings.Contains(line, "waiting for another blog that is starting") || !strings.Contains(line, "a pooler") {
				t.Errorf("got %s", line)
			}
		case err := <-ended:
			t.Errorf("it has not waited: %v", err)
			ended <- err
		}
		return nil
	})
	if err := errors.Join(err, <-ended); err != nil {
		t.Error(err)
	}
}
