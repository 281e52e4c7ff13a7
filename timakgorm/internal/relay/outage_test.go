package relay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestOutage: while the store is away the application writes, changes stay and
// their tries are not counted; when it is back they are delivered.
func TestOutage(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: &timakgorm.Options{Poll: 10 * time.Millisecond}})
		defer w.Run()()
		w.Seed()
		w.AwaitRelay()
		var calls atomic.Int64
		store.SetBefore(func(context.Context, drivertest.Call) error {
			calls.Add(1)
			return fmt.Errorf("no route: %w", driver.ErrUnavailable)
		})
		for i := range 5 {
			w.Must(w.DB.Create(&world.Post{AuthorID: uint(i), Published: true}).Error)
			w.Must(w.DB.Model(&world.Post{ID: 10}).Update("title", fmt.Sprint("in the outage ", i)).Error)
			w.Must(w.DB.Create(&world.Post{AuthorID: uint(i), Title: "draft"}).Error) // touches no timeline
		}
		w.Must(w.DB.Delete(&world.Post{}, 12).Error)
		seen := calls.Load()
		w.Await("three more tries", func() bool { return calls.Load() >= seen+3*5 })
		w.Await("changes without a timeline to leave", func() bool { return len(w.Changes()) == 5+5+1 })
		for _, change := range w.Changes() {
			if change.Attempts != 0 {
				t.Errorf("change %d: %d tries were counted in an outage", change.ID, change.Attempts)
			}
			if change.RunAt > time.Now().Add(5*time.Second).UnixMicro() {
				t.Errorf("change %d is put off to %v", change.ID, time.UnixMicro(change.RunAt))
			}
		}
		store.SetBefore(nil)
		w.AwaitRelay()
		w.Check()
	})
}

// TestPartOfStoreAway: changes of the timelines that can be reached are
// applied, the others stay and their tries are not counted.
func TestPartOfStoreAway(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		stop := w.Run()
		store.SetBefore(world.Failing("author:1:posts", driver.ErrUnavailable))
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
		w.Must(w.DB.Create(&world.Post{ID: 2, AuthorID: 2, Published: true}).Error)
		w.Await("one change to be applied and one to be put off", func() bool {
			changes := w.Changes()
			return len(changes) == 1 && changes[0].RunAt > 0
		})
		if change := w.Changes()[0]; change.Attempts != 0 || change.Error == nil {
			t.Errorf("change put off: got %d attempts and error %v, want none and the reason", change.Attempts, change.Error)
		}
		stop()
		if got := w.IDs("author:2:posts"); !slices.Equal(got, []string{"posts:2"}) {
			t.Errorf("timeline that can be reached: got %v", got)
		}
		store.SetBefore(nil)
		w.Check()
	})
}

// TestOneTimelineAway: a timeline that cannot be reached, while all others can,
// delays none of them, for however long it is away; nor do two.
func TestOneTimelineAway(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			world.OnBoth(t, func(t *testing.T, dialect string) {
				store := world.NewFaulty()
				w := world.New(t, world.Setup{
					Dialect: dialect, Store: store, Options: world.Quick(), Models: []any{&world.Note{}},
					Tracked: []any{timakgorm.Track[world.Note](notesByTopic)},
				})
				var tries atomic.Int64
				store.SetBefore(func(_ context.Context, call drivertest.Call) error {
					if call.Key == "topic:away1" || call.Key == "topic:away2" {
						tries.Add(1)
						return driver.ErrUnavailable
					}
					return nil
				})
				stop := w.Run()
				notes := make([]world.Note, n)
				for i := range notes {
					notes[i] = world.Note{ID: uint(i + 1), Topic: fmt.Sprint("away", i+1)}
				}
				w.Must(w.DB.Create(&notes).Error)
				w.Await("some tries", func() bool { return tries.Load() >= int64(8*n) })
				for i := range 5 {
					begin := time.Now()
					w.Must(w.DB.Create(&world.Note{ID: uint(10 + i), Topic: fmt.Sprint("here", i)}).Error)
					w.Await("another timeline", func() bool { return len(w.IDs(fmt.Sprint("topic:here", i))) == 1 })
					if took := time.Since(begin); took > 1500*time.Millisecond {
						t.Errorf("another timeline was written after %v", took)
					}
				}
				for _, change := range w.Changes() {
					if change.Attempts != 0 {
						t.Errorf("change %d: %d tries were counted", change.ID, change.Attempts)
					}
				}
				stop()
				store.SetBefore(nil)
				w.WantIDs("topic:away1", "notes:1")
			})
		})
	}
}

// TestOutageIsNoLoop: while the store is away, an application that goes on writing
// has the relay try what is new, a few times a second, and not all that waits.
func TestOutageIsNoLoop(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: &timakgorm.Options{Poll: time.Hour}})
		var rounds, calls atomic.Int64
		store.SetBefore(func(_ context.Context, call drivertest.Call) error {
			calls.Add(1)
			if call.Key == "site:posts" {
				rounds.Add(1)
			}
			return driver.ErrUnavailable
		})
		const waiting = 50
		for i := range waiting {
			w.Must(w.DB.Create(&world.Post{AuthorID: uint(i), Published: true}).Error)
		}
		stop := w.Run()
		w.Await("some rounds", func() bool { return rounds.Load() >= 4 }) // the next rest is of about half a second
		before, begin, writes := calls.Load(), time.Now(), int64(0)
		for ; time.Since(begin) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
			w.Must(w.DB.Create(&world.Post{AuthorID: 100, Published: true}).Error)
			writes++
		}
		took := time.Since(begin)
		if most := rounds.Load(); most > 4+2*int64(took/leastRest) {
			t.Errorf("%d rounds in %v of %d writes", most, took, writes)
		}
		// The rests before all is tried again are of 169 ms at least after the fourth,
		// and half as long again each time: seven fit. What is new is two timelines.
		if more := calls.Load() - before; more > 7*(waiting+2)+3*int64(took/leastRest+1) {
			t.Errorf("the store was called %d times in %v, though %d timelines wait", more, took, waiting)
		}
		stop()
		store.SetBefore(nil)
		w.Drain()
		w.Check()
	})
}

// leastRest is the relay's.
const leastRest = 250 * time.Millisecond

// TestClockHeld: a settlement that waits for another's does not wait for ever and
// in silence, and a program that goes away in the midst of one holds up the others
// for seconds only.
func TestClockHeld(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]func(w *world.World) (release func()){
		"by a transaction": func(w *world.World) func() {
			tx := w.DB.Begin()
			w.Must(tx.Exec("UPDATE timak_clock SET high = greatest(high, 1)").Error)
			return func() { w.Must(tx.Rollback().Error) }
		},
		"by a program that is gone": func(w *world.World) func() {
			pool, err := w.Another(nil).DB.DB()
			w.Must(err)
			tx, err := pool.BeginTx(w.Context(), nil)
			w.Must(err)
			o, err := outbox.Open(pool, &dialect.Tables{Dialect: dialect.Postgres})
			w.Must(err)
			w.Must(o.SettleIn(w.Context(), tx, outbox.Settlement{}))
			w.Cleanup(func() { _ = tx.Rollback() })
			return func() {}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.New(t, world.Setup{Dialect: "postgres", Options: world.Quick()})
			release := hold(w)
			defer w.Run()()
			w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
			w.Await("the relay to say that it waits", func() bool {
				stats, err := w.Plugin.Stats(t.Context())
				w.Must(err)
				return stats.Errors > 0
			})
			if got := w.IDs("author:1:posts"); len(got) != 1 {
				t.Errorf("got %v, want the post, though its change is not settled", got)
			}
			release()
			w.AwaitRelay()
			w.Check()
		})
	}
}

// TestTransientError: an error that may pass counts a try and puts off the
// changes it is about, and no others.
func TestTransientError(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: &timakgorm.Options{Poll: 10 * time.Millisecond}})
		store.SetBefore(world.FailingPuts("author:1:posts", errors.New("disk of node 3 is slow")))
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
		w.Must(w.DB.Create(&world.Post{ID: 2, AuthorID: 2, Published: true}).Error)
		begin := time.Now()
		stop := w.Run()
		w.Await("two tries", func() bool {
			changes := w.Changes()
			return len(changes) == 1 && changes[0].Attempts == 2
		})
		if waited := time.Since(begin); waited < 500*time.Millisecond {
			t.Errorf("the second try came after %v, want half a second at least", waited)
		}
		change := w.Changes()[0]
		if change.Error == nil || !strings.Contains(*change.Error, "disk of node 3") {
			t.Errorf("error of a change put off: got %v, want the store's", change.Error)
		}
		if change.RunAt <= time.Now().UnixMicro() {
			t.Errorf("a change that failed twice may be tried at once")
		}
		w.Must(w.DB.Create(&world.Post{ID: 3, AuthorID: 3, Published: true}).Error)
		w.Await("the others to be applied", func() bool { return len(w.IDs("author:2:posts")) == 1 && len(w.IDs("author:3:posts")) == 1 })
		stop()
		store.SetBefore(nil)
		w.Check()
	})
}

// TestTooManyTries: a change that has failed long enough is a dead letter.
func TestTooManyTries(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		store.SetBefore(world.FailingPuts("author:1:posts", errors.New("never again")))
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
		w.Must(w.DB.Model(&world.OutboxRow{}).Where("1 = 1").Update("attempts", 18).Error)
		stop := w.Run()
		w.Await("the last try but one", func() bool {
			changes := w.Changes()
			return len(changes) == 1 && changes[0].Attempts == 19
		})
		stop()
		w.Drain()
		if got := deadErrors(w); len(got) != 1 || !strings.Contains(got[0], "never again") {
			t.Errorf("dead letters: got %q, want one that says why", got)
		}
		if n := w.Outbox(); n != 0 {
			t.Errorf("%d changes in the outbox, want none", n)
		}
	})
}

// deadErrors returns the reasons of the dead letters.
func deadErrors(w *world.World) []string {
	w.Helper()
	var reasons []string
	w.Must(w.DB.Table("timak_dead").Order("id").Pluck("error", &reasons).Error)
	return reasons
}

// TestDrainGivesUp: Drain returns at the end of its context with that and with
// what kept it from its work.
func TestDrainGivesUp(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		w.Must(w.Plugin.Drain(t.Context())) // nothing to do
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
		store.SetBefore(world.Failing("", driver.ErrUnavailable))
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err := w.Plugin.Drain(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("Drain without a store: got %v, want the context's error and ErrUnavailable", err)
		}
		store.SetBefore(nil)
		w.Check()
	})
}

// TestDrainBesideRun: Drain heeds its own context while Run waits for a store
// that does not answer.
func TestDrainBesideRun(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		var hangs atomic.Bool
		store.SetBefore(func(ctx context.Context, _ drivertest.Call) error {
			hangs.Store(true)
			<-ctx.Done()
			return ctx.Err()
		})
		stop := w.Run()
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
		w.Await("the relay to hang", hangs.Load)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		drained := make(chan error, 1)
		go func() { drained <- w.Plugin.Drain(ctx) }()
		select {
		case err := <-drained:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Drain: got %v, want the context's error", err)
			}
		case <-time.After(world.Patience):
			t.Error("Drain has not returned after the end of its context")
		}
		stop()
		store.SetBefore(nil)
		w.Check()
	})
}

// TestEveryCallFails: whichever call on the store fails, before it or with its
// reply lost, the timelines are as the table in the end.
func TestEveryCallFails(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		w.Seed()
		w.Drain()
		for what, set := range map[string]func(drivertest.Hook){"before": store.SetBefore, "after": store.SetAfter} {
			for n, failed := 1, true; failed; n++ {
				w.Must(w.DB.Model(&world.Post{}).Where("id > 0").Update("author_id", n).Error)
				w.Must(w.DB.Create(&world.Post{AuthorID: 1, Title: "call", Published: true}).Error)
				from := store.Calls()
				failed = false
				set(func(_ context.Context, call drivertest.Call) error {
					if call.N == from+n {
						failed = true
						return driver.ErrUnavailable
					}
					return nil
				})
				w.Drain()
				set(nil)
				if w.Check(); t.Failed() {
					t.Fatalf("%s call %d", what, n)
				}
			}
		}
	})
}
