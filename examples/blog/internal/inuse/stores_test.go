package inuse_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/inuse"
	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/secret"
)

var inRedis = secret.New("redis://elsewhere") // only its kind matters: it is not opened

func fresh() (bool, error) { return true, nil }

// A store that an earlier move has begun to fill is told to have held the timelines, though
// they have been in another store since.
func TestMove_stoppedThenBack(t *testing.T) {
	t.Parallel()
	c := storage.Config{Folder: t.TempDir()}
	there := c
	there.Redis = inRedis
	here, elsewhere := use(t, c), use(t, there)
	if err := here.Begin(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		use    *inuse.Use
		before bool
		err    error
	}{{elsewhere, false, context.Canceled}, {here, true, nil}, {elsewhere, true, nil}} {
		err := step.use.Move(t.Context(), false, func(before bool) error {
			if before != step.before {
				t.Errorf("got %v, want %v: has the store held timelines before?", before, step.before)
			}
			return step.err
		})
		if !errors.Is(err, step.err) {
			t.Errorf("got %v, want %v", err, step.err)
		}
	}
}

// A move does not go on where it was stopped if the store has lost what was made by then.
func TestMove_lostMeanwhile(t *testing.T) {
	t.Parallel()
	c := storage.Config{Folder: t.TempDir()}
	fill := func(bool) error { return context.Canceled }
	if err := use(t, c).Move(t.Context(), false, fill); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	err := use(t, c).Move(t.Context(), true, func(bool) error { t.Error("the move goes on"); return nil })
	if err == nil || !strings.Contains(err.Error(), "have to be made from the beginning: leave it out") {
		t.Errorf("got %v", err)
	}
}

// Of two databases that are the first to use a store one gets it.
func TestBegin_oneStore(t *testing.T) {
	t.Parallel()
	shared := memstore.New()
	a, b := useStore(t, storage.Config{Folder: t.TempDir()}, shared), useStore(t, storage.Config{Folder: t.TempDir()}, shared)
	err := a.Begin(t.Context(), func() (bool, error) { return true, b.Begin(t.Context(), fresh) })
	wantForeign(t, err)
	for range 2 {
		wantForeign(t, a.Begin(t.Context(), fresh))
		if err := b.Begin(t.Context(), fresh); err != nil {
			t.Errorf("the one that was first: %v", err)
		}
	}
}

// One that could not take its mark back does so when it starts again.
func TestBegin_oneStoreCrash(t *testing.T) {
	t.Parallel()
	shared, crash := memstore.New(), errors.New("crash")
	failing := drivertest.NewFailing(shared)
	failing.Before = drivertest.NthOf(drivertest.Put, 2, crash)
	a, b := useStore(t, storage.Config{Folder: t.TempDir()}, failing), useStore(t, storage.Config{Folder: t.TempDir()}, shared)
	err := a.Begin(t.Context(), func() (bool, error) { return true, b.Begin(t.Context(), fresh) })
	if !errors.Is(err, crash) {
		t.Fatalf("got %v, want a crash", err)
	}
	wantForeign(t, b.Begin(t.Context(), fresh))
	wantForeign(t, a.Begin(t.Context(), fresh))
	if err := b.Begin(t.Context(), fresh); err != nil {
		t.Errorf("the one that was first: %v", err)
	}
}

// If both leave their marks before they look again, it is given to none or to one of them,
// and to the next one then.
func TestBegin_oneStoreAtOnce(t *testing.T) {
	t.Parallel()
	meet := &meeting{Store: memstore.New()}
	meet.Add(2)
	a, b := useStore(t, storage.Config{Folder: t.TempDir()}, meet), useStore(t, storage.Config{Folder: t.TempDir()}, meet)
	ended := make(chan error, 1)
	var marking sync.WaitGroup // both have found the store empty
	marking.Add(2)
	both := func() (bool, error) { marking.Done(); marking.Wait(); return true, nil }
	go func() { ended <- b.Begin(t.Context(), both) }()
	errA := a.Begin(t.Context(), both)
	errB := <-ended
	if errA == nil && errB == nil {
		t.Fatal("the store is given to both")
	}
	nextA, nextB := a.Begin(t.Context(), fresh), b.Begin(t.Context(), fresh)
	if (nextA == nil) == (nextB == nil) || errA == nil && nextA != nil || errB == nil && nextB != nil {
		t.Errorf("got %v and %v, and then %v and %v; want one that gets the store, and keeps it", errA, errB, nextA, nextB)
	}
	wantForeign(t, errors.Join(nextA, nextB))
}

// wantForeign fails the test unless err says that the store is another database's.
func wantForeign(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*inuse.WrongError](err); !ok || !strings.Contains(err.Error(), "holds the timelines of another database") {
		t.Errorf("got %v, want an error that the store is another database's", err)
	}
}

// meeting is a store whose first two puts end together.
type meeting struct {
	driver.Store
	sync.WaitGroup
	mu   sync.Mutex
	puts int
}

func (m *meeting) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	next, err := m.Store.Put(ctx, key, value, token)
	m.mu.Lock()
	m.puts++
	first := m.puts <= 2
	m.mu.Unlock()
	if first {
		m.Done()
		m.Wait()
	}
	return next, err
}
