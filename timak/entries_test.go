package timak_test

import (
	"errors"
	"testing"

	"github.com/timak-go/timak/timak"
)

// Entries contains what readers do not see: every source, entries beyond the
// reader's bounds, and the versions of removed entries.
func TestEntries(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.apply(t,
		timak.Put(timak.Item{ID: "a", At: at(1), Data: []byte("x"), Source: "p"}).WithVersion(11),
		timak.Put(timak.Item{ID: "a", At: at(2), Source: "q"}).WithVersion(12),
		timak.Put(timak.Item{ID: "b", At: at(3)}).WithVersion(13),
		timak.Put(timak.Item{ID: "c", At: at(4)}).WithVersion(14),
		timak.RemoveEntry("d", "p").WithVersion(15),
		timak.Remove("e").WithVersion(16),
		timak.RemoveSource("r").WithVersion(17),
	)
	entries, err := r.Bounded(1).Entries(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	want := []timak.Entry{
		{Item: timak.Item{ID: "a", At: at(1), Data: []byte("x"), Source: "p"}, Version: 11},
		{Item: timak.Item{ID: "a", At: at(2), Source: "q"}, Version: 12},
		{Item: timak.Item{ID: "b", At: at(3)}, Version: 13},
		{Item: timak.Item{ID: "c", At: at(4)}, Version: 14},
	}
	if d := diff(entries.Live(), want); d != "" {
		t.Errorf("Live (-want +got)\n%s", d)
	}
	for _, tt := range []struct {
		id, source string
		version    int64
		live       bool
	}{
		{"a", "p", 11, true},
		{"a", "q", 12, true},
		{"a", "", 0, false},
		{"b", "", 13, true},
		{"d", "p", 15, false},
		{"d", "", 0, false},
		{"e", "", 16, false},
		{"e", "p", 16, false},
		{"x", "r", 17, false},
		{"x", "", 0, false},
	} {
		if got := entries.Version(tt.id, tt.source); got != tt.version {
			t.Errorf("Version(%q, %q): got %d, want %d", tt.id, tt.source, got, tt.version)
		}
		entry, live := entries.Find(tt.id, tt.source)
		if live != tt.live || live && (entry.ID != tt.id || entry.Source != tt.source || entry.Version != tt.version) {
			t.Errorf("Find(%q, %q): got %+v, %v", tt.id, tt.source, entry, live)
		}
	}
}

// Versions below the horizon do not count, so a change must exceed the horizon.
func TestEntries_horizon(t *testing.T) {
	t.Parallel()
	now := clockAt(10)
	r := newReplica(timak.Options{Clock: now.Now, TombstoneTTL: 100})
	r.apply(t, timak.Remove("a").WithVersion(5))
	now.set(1000)
	r.apply(t, timak.Put(timak.Item{ID: "b"}))
	entries, err := r.Entries(t.Context(), key)
	if got := entries.Version("anything", ""); err != nil || got != 5 {
		t.Errorf("got version %d, %v; want the horizon, 5", got, err)
	}
}

func TestEntries_unwrittenAndDamaged(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	entries, err := r.Entries(t.Context(), key)
	if got := entries.Live(); err != nil || len(got) > 0 || entries.Version("a", "") != 0 {
		t.Errorf("unwritten: got %v, %v", got, err)
	}
	good := newReplica(timak.Options{})
	good.numbered(t, 2)
	r.receive(t, good.siblings(t)[0], damages(t)["flipped"])
	entries, err = r.Entries(t.Context(), key)
	wantCorrupt(t, "Entries", err)
	if got := entries.Live(); len(got) != 2 {
		t.Errorf("damaged: got %v, want the good sibling's entries", got)
	}
	if _, err := r.Entries(t.Context(), ""); !errors.Is(err, timak.ErrKey) {
		t.Errorf("got %v, want ErrKey", err)
	}
}

func TestOrder_Before(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ early, late timak.Item }{
		{timak.Item{ID: "b", At: at(1)}, timak.Item{ID: "a", At: at(2)}},
		{timak.Item{ID: "9", At: at(1)}, timak.Item{ID: "10", At: at(1)}},
	} {
		if timak.NewestFirst.Before(tt.early, tt.late) || !timak.NewestFirst.Before(tt.late, tt.early) ||
			timak.OldestFirst.Before(tt.late, tt.early) || !timak.OldestFirst.Before(tt.early, tt.late) ||
			timak.NewestFirst.Before(tt.early, tt.early) {
			t.Errorf("%+v and %+v are out of order", tt.early, tt.late)
		}
	}
	r := newReplica(timak.Options{Order: timak.OldestFirst})
	if r.Order() != timak.OldestFirst || r.MaxItems() != 1000 || r.Bounded(3).MaxItems() != 3 {
		t.Errorf("got order %v and %d items", r.Order(), r.MaxItems())
	}
}
