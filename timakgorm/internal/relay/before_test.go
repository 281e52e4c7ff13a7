package relay_test

import (
	"errors"
	"testing"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestRun_filledBefore: rows that are older than the plugin are on no timeline until a
// Rebuild, and the first relay says so; not where there are none, and not later.
func TestRun_filledBefore(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		const said = "call plugin.Rebuild once"
		inUse := func(dsn string) (*world.World, *journal) {
			log := &journal{}
			log.tell(t)
			return world.New(t, world.Setup{Dialect: dialect, DSN: dsn, Options: &timakgorm.Options{Logger: log.logger()}}), log
		}
		relays := func(w *world.World) {
			defer w.Run()()
			w.Must(w.DB.Create(&world.Post{AuthorID: 2, Published: true}).Error)
			w.AwaitRelay()
		}
		dsn := world.NewDSN(t, dialect)
		before := world.OpenDSN(t, dialect, dsn, nil) // without the plugin
		if err := errors.Join(before.AutoMigrate(&world.Post{}), before.Create(&world.Post{ID: 100, AuthorID: 1, Published: true}).Error); err != nil {
			t.Fatal(err)
		}
		w, log := inUse(dsn)
		stop := w.Run()
		w.Await("the word", func() bool { return log.count(said) == 1 })
		stop()
		if _, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		w.WantIDs("author:1:posts", "posts:100")
		relays(w)
		if got := log.count(said); got != 1 {
			t.Errorf("after the rebuild it is said again")
		}
		empty, log := inUse("")
		relays(empty)
		if log.count(said) > 0 {
			t.Error("it is said of empty tables")
		}
	})
}
