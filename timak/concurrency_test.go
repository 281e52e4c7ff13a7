package timak_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/timak-go/timak/internal/eachstore"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
)

// Writers of one key never wait for one another, and nothing that was acknowledged
// is lost; concurrent readers see each item once.
func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		const writers, each = 8, 25
		store := open()
		shared := replicaOver(store, timak.Options{})
		var wg sync.WaitGroup
		for w := range writers {
			r := shared
			if w%2 == 0 { // half of the writers have an engine of their own
				r = replicaOver(store, timak.Options{})
			}
			wg.Go(func() {
				for i := range each {
					id := fmt.Sprintf("%d:%d", w, i)
					tl, err := r.Add(t.Context(), key, timak.Item{ID: id, At: at(int64(i))})
					if err != nil || !slices.Contains(tl.IDs(), id) {
						t.Errorf("Add(%q): got %q, %v; want it there", id, tl.IDs(), err)
					}
					if i%5 > 0 {
						continue
					}
					tl, err = r.Delete(t.Context(), key, id)
					if err != nil || slices.Contains(tl.IDs(), id) {
						t.Errorf("Delete(%q): got %q, %v; want it gone", id, tl.IDs(), err)
					}
				}
			})
			wg.Go(func() {
				for range each {
					page, err := shared.Page(t.Context(), key, timak.Query{Limit: 1000})
					ids := slices.Sorted(slices.Values(idsOf(page.Items)))
					if err != nil || len(slices.Compact(slices.Clone(ids))) != len(ids) {
						t.Errorf("Page: got %q, %v; want each id once", ids, err)
					}
				}
			})
		}
		wg.Wait()
		want := []string{}
		for w := range writers {
			for i := range each {
				if i%5 > 0 {
					want = append(want, fmt.Sprintf("%d:%d", w, i))
				}
			}
		}
		got := shared.ids(t)
		slices.Sort(got)
		slices.Sort(want)
		if d := diff(got, want); d != "" {
			t.Errorf("in the end (-want +got)\n%s", d)
		}
		if got := len(bases(shared.siblings(t))); got > writers {
			t.Errorf("got %d siblings, want at most one a writer (%d)", got, writers)
		}
		shared.merge(t)
		if got := len(shared.siblings(t)); got != 1 {
			t.Errorf("after a write alone: got %d siblings, want 1", got)
		}
	})
}

// session is a program that retries until its change is acknowledged.
func session(t *testing.T, r replica) {
	t.Helper()
	retry := func(change func() error) {
		for {
			err := change()
			if err == nil {
				return
			}
			if !errors.Is(err, driver.ErrUnavailable) {
				t.Fatalf("got error %v, want none but the store's", err)
			}
		}
	}
	add := func(id string, date int64) {
		retry(func() error {
			_, err := r.Add(t.Context(), key, timak.Item{ID: id, At: at(date), Data: []byte(id)})
			return err
		})
	}
	add("1", 1)
	add("2", 2)
	add("3", 3)
	retry(func() error { _, err := r.Delete(t.Context(), key, "2"); return err })
	retry(func() error {
		_, err := r.Apply(t.Context(), key, timak.Put(timak.Item{ID: "4", At: at(4)}).WithVersion(5), timak.Remove("3").WithVersion(11))
		return err
	})
	add("1", 9)
}

// Whichever call of the store fails, before or after it took effect, a program that
// retries ends up where one without failures does.
func TestLostCallsAndLostReplies(t *testing.T) {
	t.Parallel()
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		undisturbed := drivertest.NewFailing(open())
		r := replicaOver(undisturbed, timak.Options{})
		session(t, r)
		want := r.items(t)
		if ids := idsOf(want); !slices.Equal(ids, []string{"1", "4"}) {
			t.Fatalf("undisturbed: got %q", ids)
		}
		for n := 1; n < undisturbed.Calls(); n++ {
			for name, fail := range map[string]func(*drivertest.Failing){
				"call lost":  func(f *drivertest.Failing) { f.Before = drivertest.Nth(n, driver.ErrUnavailable) },
				"reply lost": func(f *drivertest.Failing) { f.After = drivertest.Nth(n, driver.ErrUnavailable) },
			} {
				store := drivertest.NewFailing(open())
				fail(store)
				r := replicaOver(store, timak.Options{})
				session(t, r)
				if d := diff(r.items(t), want); d != "" {
					t.Errorf("call %d, %s (-want +got)\n%s", n, name, d)
				}
				if got := len(bases(r.siblings(t))); got != 1 {
					t.Errorf("call %d, %s: got %d siblings, want 1", n, name, got)
				}
			}
		}
	})
}

// A call with an ended context stores nothing.
func TestEndedContext(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Add(ctx, key, timak.Item{ID: "a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Add: got error %v, want context.Canceled", err)
	}
	if _, err := r.PageOf(ctx, []string{"a", "b"}, timak.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("PageOf: got error %v, want context.Canceled", err)
	}
	wantIDs(t, r, "afterwards")
}
