package watchers

import (
	"slices"
	"testing"
)

func TestNotes(t *testing.T) {
	t.Parallel()
	keys := []sum{}
	for n := range 5000 {
		keys = append(keys, sum(n*858993))
	}
	var read []sum
	all := notes(7, keys)
	for _, note := range all {
		if len(note) >= 8000 {
			t.Errorf("a note of %d bytes: NOTIFY takes less than 8,000", len(note))
		}
		from, some, ok := readNote(note)
		if from != 7 || !ok {
			t.Errorf("read from %d, %v", from, ok)
		}
		read = append(read, some...)
	}
	if !slices.Equal(read, keys) || len(all) != 4 {
		t.Errorf("%d notes say %d keys of %d", len(all), len(read), len(keys))
	}
	for _, note := range []string{"", "=", "hello", "AAAA", all[0] + "A", "AAAAAAAAAAAA"} {
		if _, keys, ok := readNote(note); ok && note != "AAAAAAAAAAAA" {
			t.Errorf("%q is read as %d keys", note, len(keys))
		}
	}
}

// A slow reader is told once of many changes, and nothing is lost.
func TestWatcher_slow(t *testing.T) {
	t.Parallel()
	w := newWatcher([]string{"a", "b"})
	for range 1000 {
		w.tell(sumOf("a"))
	}
	if n := len(w.take()); n != 2 {
		t.Errorf("%d timelines are told of at first, want 2", n)
	}
	for range 1000 {
		w.tell(sumOf("b"))
	}
	got := w.take()
	if _, b := got[sumOf("b")]; len(got) != 1 || !b {
		t.Errorf("told of %v, want b", got)
	}
}
