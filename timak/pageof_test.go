package timak_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

func (r replica) put(t tb, key string, item timak.Item, version int64) {
	t.Helper()
	if _, err := r.Apply(t.Context(), key, timak.Put(item).WithVersion(version)); err != nil {
		t.Fatalf("Apply(%q): %v", key, err)
	}
}

// The newest version of each id is shown, at its date.
func TestPageOfMergesByVersion(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.put(t, "a", timak.Item{ID: "both", At: at(9), Data: []byte("old")}, 1)
	r.put(t, "b", timak.Item{ID: "both", At: at(1), Data: []byte("new")}, 2)
	r.put(t, "a", timak.Item{ID: "of a", At: at(2)}, 1)
	r.put(t, "b", timak.Item{ID: "of b", At: at(3)}, 1)
	want := []timak.Item{{ID: "of b", At: at(3)}, {ID: "of a", At: at(2)}, {ID: "both", At: at(1), Data: []byte("new")}}
	for _, keys := range [][]string{{"a", "b"}, {"b", "a"}, {"a", "b", "a"}, {"a", "b", "unwritten"}} {
		if d := diff(r.page(t, timak.Query{}, keys...).Items, want); d != "" {
			t.Errorf("%q (-want +got)\n%s", keys, d)
		}
	}
}

func TestPagesOfSeveralAreTheirUnion(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawnReplica(t, timak.Options{Order: orders().Draw(t, "order")})
		keys := []string{"a", "b", "c"}
		for i := range rapid.IntRange(0, 15).Draw(t, "items") {
			id, date := fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "id")), rapid.Int64Range(0, 4).Draw(t, "date")
			r.put(t, rapid.SampledFrom(keys).Draw(t, "key"), timak.Item{ID: id, At: at(date)}, int64(i+1))
		}
		want := r.page(t, timak.Query{Limit: timak.MaxLimit}, keys...).Items
		if ids := idsOf(want); len(slices.Compact(slices.Sorted(slices.Values(ids)))) != len(ids) {
			t.Fatalf("an id shows twice: %q", ids)
		}
		limit := rapid.IntRange(1, 11).Draw(t, "limit")
		pages := r.forward(t, limit, keys...)
		if d := diff(itemsOf(pages), want); d != "" {
			t.Fatalf("forward by %d (-want +got)\n%s", limit, d)
		}
		last := pages[len(pages)-1]
		if len(want) == 0 {
			return
		}
		back := r.backward(t, limit, last.Prev, "c", "a", "b") // the order of keys is not part of a cursor
		if d := diff(itemsOf(append(back, last)), want); d != "" {
			t.Fatalf("backward by %d (-want +got)\n%s", limit, d)
		}
	})
}

func TestPageOfOneKeyIsItsPage(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 3)
	first := r.page(t, timak.Query{Limit: 1}, key)
	got, err := r.Page(t.Context(), key, timak.Query{Cursor: first.Next})
	if err != nil || diff(idsOf(got.Items), []string{"2", "1"}) != "" {
		t.Errorf("Page with a cursor of PageOf: got %+v, %v", got, err)
	}
}

// If one timeline is damaged, the others are still shown.
func TestPageOfWithADamagedTimeline(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.put(t, "good", timak.Item{ID: "1"}, 1)
	if _, err := r.store.Put(t.Context(), "damaged", []byte("tk"), nil); err != nil {
		t.Fatal(err)
	}
	page, err := r.PageOf(t.Context(), []string{"damaged", "good"}, timak.Query{})
	if !errors.Is(err, timak.ErrCorrupt) || diff(idsOf(page.Items), []string{"1"}) != "" {
		t.Errorf("got %+v, %v; want the other's items and ErrCorrupt", page, err)
	}
}

// A timeline that cannot be fetched fails the page, and the error says so even if
// another timeline was found damaged before.
func TestPageOfWithATimelineOutOfReach(t *testing.T) {
	t.Parallel()
	store := drivertest.NewFailing(memstore.New())
	found := make(chan struct{})
	store.Before = func(_ context.Context, call drivertest.Call) error {
		if call.Key == "away" {
			<-found
			return driver.ErrUnavailable
		}
		return nil
	}
	logger := slog.New(slog.NewTextHandler(writerFunc(func() { close(found) }), nil))
	timelines := timak.New(store, &timak.Options{Logger: logger})
	if _, err := store.Put(t.Context(), "damaged", []byte("tk"), nil); err != nil {
		t.Fatal(err)
	}
	page, err := timelines.PageOf(t.Context(), []string{"damaged", "away"}, timak.Query{})
	if !errors.Is(err, driver.ErrUnavailable) || !errors.Is(err, timak.ErrCorrupt) || len(page.Items) > 0 {
		t.Errorf("got %+v, %v; want no items, ErrUnavailable and ErrCorrupt", page, err)
	}
}

// writerFunc is called for each Write.
type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}
