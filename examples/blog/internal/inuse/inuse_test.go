package inuse_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/inuse"
	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/secret"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// use opens the use of a database by a process with a store of its own.
func use(t *testing.T, c storage.Config) *inuse.Use {
	t.Helper()
	return useStore(t, c, memstore.New())
}

func useStore(t *testing.T, c storage.Config, store driver.Store) *inuse.Use {
	t.Helper()
	s, err := storage.OpenTables(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	u, err := inuse.Open(t.Context(), s.DB, timak.New(store, nil), c, slog.New(slog.DiscardHandler), func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u
}

// Of two processes that are the first to use a database, with different stores, one waits
// for the other, and is refused.
func TestBegin_atOnce(t *testing.T) {
	t.Parallel()
	c := storage.Config{Postgres: secret.New(pgtest.DSN(t)), PostgresWait: time.Minute}
	first := use(t, c)
	c.Redis = secret.New("redis://elsewhere") // only its kind matters: it is not opened
	second := use(t, c)
	watcher, err := storage.OpenTables(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close() }()
	waits := func() bool {
		var n int
		err := watcher.DB.Raw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n).Error
		return err == nil && n > 0
	}

	ended := make(chan error, 1)
	err = first.Begin(t.Context(), func() (bool, error) {
		go func() { ended <- second.Begin(t.Context(), fresh) }()
		for len(ended) == 0 && !waits() {
			if t.Context().Err() != nil {
				return false, t.Context().Err()
			}
			time.Sleep(time.Millisecond)
		}
		return true, nil
	})
	if err != nil {
		t.Errorf("the first: %v", err)
	}
	wantWrong(t, <-ended, "the timelines of this database are in Postgres, and not in Redis: start the blog without -redis and -riak; "+
		`or, to move them, stop every blog on this database and run "blog rebuild" with the flags that you have given`)
}

// wantWrong fails the test unless err is a *WrongError with this text.
func wantWrong(t *testing.T, err error, text string) {
	t.Helper()
	if _, ok := errors.AsType[*inuse.WrongError](err); !ok || err.Error() != text {
		t.Errorf("got %v, want %q", err, text)
	}
}

// A move that fails leaves the timelines in no store, until one is done.
func TestMove_fails(t *testing.T) {
	t.Parallel()
	u := use(t, storage.Config{Folder: t.TempDir()})
	if err := u.Begin(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	for _, want := range []error{context.Canceled, context.DeadlineExceeded, nil} {
		err := u.Move(t.Context(), false, func(before bool) error {
			if !before {
				t.Errorf("%v: it was not told that the store has held the timelines before", want)
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if err := u.Check(t.Context()); (err == nil) != (want == nil) {
			t.Errorf("after a move that ended with %v: got %v", want, err)
		}
	}
}
