package relay_test

import (
	"context"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestMarks_clockHeld: who notes a mark waits for the clock's row for some seconds alone.
func TestMarks_clockHeld(t *testing.T) {
	t.Parallel()
	w, _, _ := redisWorld(t, "postgres", nil)
	create(w, 1)
	w.Drain()
	tx := w.DB.Begin()
	defer tx.Rollback()
	w.Must(tx.Exec("SELECT high FROM timak_clock FOR UPDATE").Error)
	ctx, cancel := context.WithTimeout(t.Context(), world.Patience)
	defer cancel()
	if err := w.Plugin.AcceptStore(ctx); err == nil || !strings.Contains(err.Error(), "lock timeout") {
		t.Errorf("AcceptStore: got error %v, want that of a wait that was too long", err)
	}
}

// TestLoss_lookFails: writes that are lost are not taken for readable, though the database
// cannot be asked for the marks.
func TestLoss_lookFails(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		options := &timakgorm.Options{Deliver: timakgorm.OnCommit, DeliverTimeout: world.Patience}
		w, server, store := redisWorld(t, dialect, options)
		create(w, 1)
		store.next(func() error {
			killAndStart(t, server)
			return w.DB.Exec("ALTER TABLE timak_marks RENAME TO elsewhere").Error
		})
		create(w, 2)
		w.Must(w.DB.Exec("ALTER TABLE elsewhere RENAME TO timak_marks").Error)
		stats, err := w.Plugin.Stats(t.Context())
		w.Must(err)
		if stats.Delivered != 1 || stats.Left != 1 {
			t.Errorf("%d commits are delivered, %d left; want 1 and 1", stats.Delivered, stats.Left)
		}
		w.Drain()
		rebuild(w)
		wantRight(w)
	})
}

// TestMarks_unreadable: a look that fails says who could not be asked.
func TestMarks_unreadable(t *testing.T) {
	t.Parallel()
	for says, store := range map[string]driver.Store{
		"the database could not be asked": memstore.New(),
		"the store could not be asked":    openRedis(t, redistest.NewServer(t)),
	} {
		log, options := &journal{}, world.Quick()
		options.Logger = log.logger()
		w := world.New(t, world.Setup{Dialect: "sqlite", Store: store, Options: options})
		w.Must(w.DB.Exec("ALTER TABLE timak_marks RENAME TO elsewhere").Error)
		stop := w.Run()
		w.Await(says, func() bool { return log.count("could not be asked") > 0 })
		stop()
		if log.count("could not be asked") != log.count(says) {
			t.Errorf("want that %s:\n%s", says, &log.text)
		}
	}
}
