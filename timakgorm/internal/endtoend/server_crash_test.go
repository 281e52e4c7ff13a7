package endtoend_test

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestDatabaseCrashes: the relay lives through crashes of the database, and so
// does what was committed.
func TestDatabaseCrashes(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	w := world.New(t, world.Setup{
		Dialect: "postgres", DSN: server.DSN("postgres"), Options: &timakgorm.Options{Batch: 5, Poll: 10 * time.Millisecond},
	})
	w.Seed()
	stop := w.Run()
	var over atomic.Bool
	var writers []func()
	for i := range uint64(3) {
		h := &world.History{Rand: rand.New(rand.NewPCG(rand.Uint64(), i)), DB: w.DB}
		writers = append(writers, func() {
			for !over.Load() {
				h.Transaction()
			}
		})
	}
	writers = append(writers, func() {
		defer over.Store(true)
		for range 3 {
			time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
			if err := server.Crash(); err != nil {
				t.Error(err)
			}
			if err := server.Start(t.Context()); err != nil {
				t.Error(err)
				return
			}
		}
	})
	world.AtOnce(writers...)
	w.Must(w.DB.Create(&world.Post{AuthorID: 1, Title: "after the crashes", Published: true}).Error)
	w.AwaitRelay()
	stop()
	w.Check()
}
