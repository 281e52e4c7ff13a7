package relay_test

import (
	"context"
	"strings"
	"testing"

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
