package relay_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// lateWorld is a world in which a transaction has recorded a change, and so many changes
// have come and gone since that a look at them all takes a while.
func lateWorld(t *testing.T) (w *world.World, tx *gorm.DB) {
	t.Helper()
	w = world.New(t, world.Setup{Dialect: "postgres", Options: &timakgorm.Options{Poll: time.Hour}})
	tx = w.DB.Begin()
	w.Must(tx.Create(&world.Post{AuthorID: 1, Published: true}).Error)
	w.Must(w.DB.Exec("INSERT INTO timak_outbox (version, tbl, pk) SELECT 1, 'none', '' FROM generate_series(1, 30000)").Error)
	w.Must(w.DB.Exec("DELETE FROM timak_outbox").Error)
	return w, tx
}

// TestRun_committedLate: the relay finds a change behind which it has gone on.
func TestRun_committedLate(t *testing.T) {
	t.Parallel()
	w, tx := lateWorld(t)
	defer w.Run()()
	for range 4 {
		w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
		w.AwaitRelay()
	}
	w.Must(tx.Commit().Error)
	w.AwaitRelay()
	w.Check()
}

// TestDrain_committedLate: Drain does.
func TestDrain_committedLate(t *testing.T) {
	t.Parallel()
	w, tx := lateWorld(t)
	for range 4 {
		w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
		w.Drain()
	}
	w.Must(tx.Commit().Error)
	w.Drain()
	if n := w.Outbox(); n != 0 {
		t.Errorf("after Drain: %d changes, want none", n)
	}
	w.Check()
}
