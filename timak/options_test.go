package timak_test

import (
	"fmt"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	for _, opts := range []*timak.Options{nil, {}} {
		timelines := timak.New(memstore.New(), opts)
		ops := make([]timak.Op, 1001)
		for i := range ops {
			ops[i] = timak.Put(timak.Item{ID: fmt.Sprint(i), At: at(int64(i)), Data: make([]byte, 10)})
		}
		results, err := timelines.Apply(t.Context(), key, ops...)
		if err != nil || results[0].Outcome != timak.FellOff || results[1].Outcome != timak.Applied {
			t.Errorf("1001 items: got %v, %v, %v; want the first to fall off", results[0], results[1], err)
		}
		timeline, err := timelines.Get(t.Context(), key)
		if err != nil || timeline.Len() != 1000 || timeline.IDs()[0] != "1000" {
			t.Errorf("got %d items, %v; want 1000, newest first", timeline.Len(), err)
		}
		if _, err := timelines.Add(t.Context(), key, timak.Item{ID: "large", Data: make([]byte, 64<<10)}); err != nil {
			t.Errorf("64 KiB of data: %v", err)
		}
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	t.Parallel()
	for _, opts := range []timak.Options{{MaxItems: -1}, {TombstoneTTL: -1}, {MaxData: -1}, {Order: timak.OldestFirst + 1}} {
		wantPanic(t, fmt.Sprintf("New with %+v", opts), func() { timak.New(memstore.New(), &opts) })
	}
	for _, maxItems := range []int{0, -1} {
		wantPanic(t, fmt.Sprintf("Bounded(%d)", maxItems), func() { timak.New(memstore.New(), nil).Bounded(maxItems) })
	}
}

// TestNew_withoutStore: New says at once what is missing, also for the nil pointer that an
// Open returns whose error was ignored.
func TestNew_withoutStore(t *testing.T) {
	t.Parallel()
	var unopened *memstore.Store
	for _, tt := range []struct {
		store driver.Store
		want  string
	}{
		{nil, "timak: New: got no store, <nil>: expected one that was opened without an error, such as memstore.New()"},
		{unopened, "timak: New: got no store, *memstore.Store: expected one that was opened without an error, such as memstore.New()"},
	} {
		func() {
			defer func() {
				if got := recover(); got != tt.want {
					t.Errorf("got %v, want %s", got, tt.want)
				}
			}()
			timak.New(tt.store, nil)
		}()
	}
}

func wantPanic(t *testing.T, about string, call func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", about)
		}
	}()
	call()
}

// An engine with a lower MaxItems shows less of what another one has stored, and
// trims the rest when it writes.
func TestBounded(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 3)
	two := replica{r.Bounded(2), r.store}
	wantIDs(t, two, "two of three", "3", "2")
	wantIDs(t, r, "the other", "3", "2", "1")
	if results := two.apply(t, timak.Put(timak.Item{ID: "1", At: at(1)})); results[0].Outcome != timak.FellOff {
		t.Errorf("put of the third of two: got %v, want fell off", results[0].Outcome)
	}
	wantIDs(t, r, "after the shorter one wrote", "3", "2")
}

func TestOldestFirst(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{Order: timak.OldestFirst, MaxItems: 3})
	r.numbered(t, 4)
	wantIDs(t, r, "the latest falls off", "1", "2", "3")
	tl, err := r.Add(t.Context(), key, timak.Item{ID: "0", At: at(0)})
	if got := tl.IDs(); err != nil || diff(got, []string{"0", "1", "2"}) != "" {
		t.Errorf("an earlier one: got %q, %v", got, err)
	}
}

// Values are readable whether they were compressed or not.
func TestCompressionIsTheWritersAffair(t *testing.T) {
	t.Parallel()
	compressed := newReplica(timak.Options{})
	uncompressed := replicaOver(compressed.store, timak.Options{Uncompressed: true})
	compressed.numbered(t, 50)
	small := len(compressed.siblings(t)[0])
	uncompressed.apply(t, timak.Put(timak.Item{ID: "51", At: at(51)}))
	if large := len(compressed.siblings(t)[0]); large <= small {
		t.Errorf("got %d bytes compressed, %d uncompressed", small, large)
	}
	if got := len(compressed.ids(t)); got != 51 {
		t.Errorf("got %d items, want 51", got)
	}
}
