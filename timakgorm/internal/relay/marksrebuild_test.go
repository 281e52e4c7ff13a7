package relay_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestLoss_notRebuilt: a rebuild that cannot make good a loss is repeated after longer and
// longer pauses, but at once after a new loss.
func TestLoss_notRebuilt(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		log, options := &journal{}, world.Quick()
		options.RebuildAfterLoss, options.Logger = true, log.logger()
		w, server, store := redisWorld(t, dialect, options)
		create(w, 1)
		w.Drain()
		killAndStart(t, server)
		store.refuse.Store(true)
		defer w.Run()()
		wantPause := func(rebuilds int, least, most time.Duration) {
			t.Helper()
			w.Await("the end of the rebuild", func() bool { return log.count("could not be rebuilt") == rebuilds })
			var from int64
			w.Must(w.DB.Raw("SELECT max(rebuild_from) FROM timak_marks").Scan(&from).Error)
			pause := time.Until(time.UnixMicro(from))
			if pause < least || pause > most {
				t.Errorf("the pause after rebuild %d is %v, want %v to %v", rebuilds, pause, least, most)
			}
		}
		wantPause(1, time.Second, time.Minute)
		w.Must(w.DB.Exec("UPDATE timak_marks SET rebuild_from = 0, lost_at = lost_at - 1800000000").Error)
		wantPause(2, 25*time.Minute, 31*time.Minute)
		w.Must(w.DB.Exec("UPDATE timak_marks SET rebuild_from = 0, lost_at = lost_at - 7200000000").Error)
		wantPause(3, 55*time.Minute, time.Hour)
		for range 3 { // nobody rebuilds
			looked := make(chan struct{})
			store.next(func() error { close(looked); return nil })
			<-looked
		}
		if n := log.count("rebuilding all timelines"); n != 3 {
			t.Errorf("%d rebuilds, want no more than 3 in the pause", n)
		}
		killAndStart(t, server)
		w.Await("the rebuild after a new loss", func() bool { return log.count("rebuilding all timelines") == 4 })
		w.Forgive()
	})
}

// TestLoss_endedRebuild: a rebuild that ends early begins anew if the store has lost what it
// has written.
func TestLoss_endedRebuild(t *testing.T) {
	t.Parallel()
	for _, lose := range []bool{false, true} {
		w, server, _ := redisWorld(t, "sqlite", nil)
		for author := range uint(150) {
			w.Must(w.DB.Create(&world.Post{ID: author + 1, AuthorID: author, Published: true, CreatedAt: world.At(1)}).Error)
		}
		w.Drain()
		ctx, cancel := context.WithCancel(t.Context())
		report, err := w.Plugin.Rebuild(ctx, timakgorm.RebuildOptions{Progress: func(p timakgorm.Progress) {
			if p.From == "" || ctx.Err() != nil {
				return
			}
			if lose {
				killAndStart(t, server)
			}
			cancel()
		}})
		if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "has lost timelines") != lose || (report.From == "") != lose {
			t.Errorf("Rebuild of a store that has lost everything (%v): got error %v, From %q", lose, err, report.From)
		}
		cancel()
	}
}
