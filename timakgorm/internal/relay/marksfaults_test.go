package relay_test

import (
	"context"
	"strings"
	"testing"

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
