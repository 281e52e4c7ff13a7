package timak_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

func (r replica) salvage(t tb, want int) {
	t.Helper()
	if dropped, err := r.Salvage(t.Context(), key); err != nil || dropped != want {
		t.Errorf("Salvage(%q): got %d, %v; want %d dropped", key, dropped, err, want)
	}
}

// What the undamaged siblings say stays, the damaged siblings go, and the timeline
// accepts new changes again, but no older ones.
func TestSalvage(t *testing.T) {
	t.Parallel()
	good := newReplica(timak.Options{})
	good.numbered(t, 3)
	good.apply(t, timak.Remove("2"))
	other := newReplica(timak.Options{})
	other.apply(t, timak.Put(timak.Item{ID: "other", At: at(9)}))
	for about, damaged := range damages(t) {
		for _, siblings := range [][][]byte{
			{good.siblings(t)[0], damaged, other.siblings(t)[0]},
			{damaged, damaged, good.siblings(t)[0], other.siblings(t)[0]},
		} {
			t.Run(fmt.Sprint(about, len(siblings)), func(t *testing.T) {
				t.Parallel()
				now := clockAt(10)
				r := newReplica(timak.Options{Clock: now.Now})
				r.receive(t, siblings...)
				now.set(50)
				r.salvage(t, len(siblings)-2)
				wantIDs(t, r, "salvaged", "other", "3", "1")
				if got := len(r.siblings(t)); got != 1 {
					t.Errorf("%d siblings are left, want 1", got)
				}
				results := r.apply(t,
					timak.Put(timak.Item{ID: "lost", At: at(9)}).WithVersion(50), // may have been removed by the damaged sibling
					timak.Put(timak.Item{ID: "new", At: at(10)}).WithVersion(51),
					timak.RemoveEntry("3", "").WithVersion(49),
				)
				want := []timak.Outcome{timak.Stale, timak.Applied, timak.Applied}
				if got := outcomes(results); !slices.Equal(got, want) {
					t.Errorf("after salvage: got %v, want %v", got, want)
				}
				wantIDs(t, r, "changed", "new", "other", "1")
				r.salvage(t, 0)
			})
		}
	}
}

func TestSalvage_nothingButDamage(t *testing.T) {
	t.Parallel()
	for about, damaged := range damages(t) {
		r := newReplica(timak.Options{})
		r.receive(t, damaged)
		r.salvage(t, 1)
		wantIDs(t, r, about)
		if got := outcomes(r.apply(t, timak.Put(timak.Item{ID: "old"}).WithVersion(10))); got[0] != timak.Stale {
			t.Errorf("%s: a put from before is %v, want it stale", about, got[0])
		}
	}
}

// Salvage writes nothing if nothing is damaged.
func TestSalvage_nothingToDo(t *testing.T) {
	t.Parallel()
	store, puts := countingPuts()
	r := replicaOver(store, timak.Options{})
	r.salvage(t, 0)
	r.numbered(t, 3)
	before, written := r.siblings(t), puts.Load()
	r.salvage(t, 0)
	if d := diff(r.siblings(t), before); d != "" || puts.Load() != written {
		t.Errorf("%d puts, stored (-want +got)\n%s", puts.Load()-written, d)
	}
}

// A concurrent change stays: the token covers only what was read.
func TestSalvage_concurrentChange(t *testing.T) {
	t.Parallel()
	inner := memstore.New()
	store := drivertest.NewFailing(inner)
	r := replicaOver(store, timak.Options{})
	r.receive(t, damages(t)["flipped"])
	between := newReplica(timak.Options{})
	between.apply(t, timak.Put(timak.Item{ID: "between"}).WithVersion(20))
	store.Before = func(ctx context.Context, call drivertest.Call) error {
		if call.Op != drivertest.Put {
			return nil
		}
		_, err := inner.Put(ctx, key, between.siblings(t)[0], nil)
		return err
	}
	r.salvage(t, 1)
	store.Before = nil
	wantIDs(t, r, "a change above the horizon", "between")
}

func TestSalvage_errors(t *testing.T) {
	t.Parallel()
	outage := errors.New("outage")
	for _, failing := range []drivertest.Op{drivertest.Get, drivertest.Put} {
		inner := memstore.New()
		store := drivertest.NewFailing(inner)
		r := replicaOver(store, timak.Options{})
		damaged := damages(t)["flipped"]
		r.receive(t, damaged)
		store.Before = func(_ context.Context, call drivertest.Call) error {
			if call.Op == failing {
				return outage
			}
			return nil
		}
		if dropped, err := r.Salvage(t.Context(), key); !errors.Is(err, outage) || dropped != 0 {
			t.Errorf("%v fails: got %d, %v; want the store's error", failing, dropped, err)
		}
		store.Before = nil
		if d := diff(r.siblings(t), [][]byte{damaged}); d != "" {
			t.Errorf("%v fails: stored (-want +got)\n%s", failing, d)
		}
	}
	if _, err := newReplica(timak.Options{}).Salvage(t.Context(), ""); !errors.Is(err, timak.ErrKey) {
		t.Errorf("got %v, want ErrKey", err)
	}
}
