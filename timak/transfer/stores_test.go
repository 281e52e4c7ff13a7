package transfer_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/transfer"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// size is how many timelines are copied, from TIMAK_TEST_COPY.
func size(t testing.TB) int {
	t.Helper()
	text := os.Getenv("TIMAK_TEST_COPY")
	if text == "" {
		return 2000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 100 {
		t.Fatalf("TIMAK_TEST_COPY: expected a number of timelines from 100, got %q", text)
	}
	return n
}

func openBolt(t testing.TB) driver.Store {
	t.Helper()
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "feed.db"), &boltstore.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func openPostgres(t testing.TB) driver.Store {
	t.Helper()
	dsn := pgtest.DSN(t)
	if err := pgstore.Migrate(t.Context(), dsn, nil); err != nil {
		t.Fatal(err)
	}
	store, err := pgstore.Open(t.Context(), dsn, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// atOnce does something for all numbers below n, several at a time.
func atOnce(t testing.TB, n int, do func(i int) error) {
	t.Helper()
	var group errgroup.Group
	const workers = 16
	for w := range workers {
		group.Go(func() error {
			for i := w; i < n; i += workers {
				if err := do(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// A writer puts an item of its own, and removes an old one, in one timeline after the
// other, until its context ends.
type writer struct {
	name    string
	engine  *timak.Timelines
	written map[string]int // by key
}

func (w *writer) run(ctx context.Context, n, step int) error {
	for i := 0; ctx.Err() == nil; i += step {
		key := fmt.Sprintf("author:%06d", i%n)
		id := fmt.Sprintf("%s:%d", w.name, w.written[key])
		ops := []timak.Op{timak.Put(timak.Item{ID: id, At: at(i)}), timak.Remove("gone by " + w.name)}
		if _, err := w.engine.Apply(context.WithoutCancel(ctx), key, ops...); err != nil {
			return err
		}
		w.written[key]++
	}
	return nil
}

// A copy goes on while programs write to both stores. Once none writes to the source, one
// more copy brings what was written there after the first had passed: then every item of
// both sides is in the target, and what one of them has removed is not.
func TestCopy_whileBothAreWritten(t *testing.T) {
	t.Parallel()
	n := size(t)
	from, to := openBolt(t), openPostgres(t)
	old := timak.New(from, nil)
	atOnce(t, n, func(i int) error {
		var ops []timak.Op
		for _, id := range []string{"old", "gone by source", "gone by target"} {
			ops = append(ops, timak.Put(timak.Item{ID: id, At: at(i), Data: []byte("data of " + id)}))
		}
		_, err := old.Apply(t.Context(), fmt.Sprintf("author:%06d", i), ops...)
		return err
	})
	ctx, stop := context.WithCancel(t.Context())
	writers := []*writer{
		{name: "source", engine: old, written: map[string]int{}},
		{name: "target", engine: timak.New(to, nil), written: map[string]int{}},
	}
	var group errgroup.Group
	for _, w := range writers {
		group.Go(func() error { return w.run(ctx, n, 101) })
	}
	first, err := transfer.Copy(t.Context(), from, to, nil)
	stop()
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if err != nil || first.Timelines != n {
		t.Fatalf("got %+v, %v, want %d timelines", first, err, n)
	}
	for _, w := range writers {
		if len(w.written) == 0 {
			t.Errorf("nobody has written to the %s meanwhile", w.name)
		}
	}
	second, err := transfer.Copy(t.Context(), from, to, nil)
	if err != nil || second.Timelines != n || second.Changed == n {
		t.Fatalf("again: got %+v, %v, want %d timelines, and not all of them changed", second, err, n)
	}
	atOnce(t, n, func(i int) error { return both(t.Context(), to, fmt.Sprintf("author:%06d", i), writers) })
}

// both returns an error unless a timeline has what the writers of both sides have left.
func both(ctx context.Context, to driver.Store, key string, writers []*writer) error {
	want := []string{"old"}
	for _, w := range writers {
		for i := range w.written[key] {
			want = append(want, fmt.Sprintf("%s:%d", w.name, i))
		}
		if w.written[key] == 0 {
			want = append(want, "gone by "+w.name)
		}
	}
	entries, err := timak.New(to, nil).Entries(ctx, key)
	if err != nil {
		return err
	}
	got := map[string]bool{}
	for _, e := range entries.Live() {
		got[e.ID] = true
	}
	slices.Sort(want)
	if found := slices.Sorted(maps.Keys(got)); !slices.Equal(found, want) {
		return fmt.Errorf("%s: got %q, want %q", key, found, want)
	}
	return nil
}
