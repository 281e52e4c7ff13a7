package timak_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak"
)

func (r replica) wantBadCursor(t *testing.T, about, cursor string, keys ...string) {
	t.Helper()
	page, err := r.PageOf(t.Context(), keys, timak.Query{Cursor: cursor})
	if !errors.Is(err, timak.ErrBadCursor) || len(page.Items) > 0 {
		t.Errorf("%s: PageOf(%q, cursor %q): got %+v, %v; want ErrBadCursor", about, keys, cursor, page, err)
	}
}

func TestChangedCursors(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	cursors := []string{}
	for _, id := range []string{"1", "12", "123"} { // all lengths that base64 encodes differently
		r.apply(t, timak.Put(timak.Item{ID: id, At: at(int64(len(id)))}))
		page := r.page(t, timak.Query{Limit: 1}, key)
		cursors = append(cursors, page.Next, page.Prev)
	}
	for _, cursor := range cursors {
		for i := range cursor {
			for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_ +/=\n\r\x00\xff" {
				if changed := cursor[:i] + string(c) + cursor[i+1:]; changed != cursor {
					r.wantBadCursor(t, "a char changed", changed, key)
				}
				r.wantBadCursor(t, "a char put in", cursor[:i]+string(c)+cursor[i:], key)
			}
			r.wantBadCursor(t, "a char left out", cursor[:i]+cursor[i+1:], key)
			if i > 0 {
				r.wantBadCursor(t, "cut short", cursor[:i], key)
			}
		}
		for _, end := range []string{"=", "\n", "A", cursor} {
			r.wantBadCursor(t, "something behind", cursor+end, key)
		}
	}
	r.wantBadCursor(t, "a kilobyte", strings.Repeat("A", 1024), key)
}

func TestCursorsOfAnotherScope(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 3)
	of := func(keys ...string) string { return r.page(t, timak.Query{Limit: 1}, keys...).Next }
	r.wantBadCursor(t, "another key", of(key), "another")
	r.wantBadCursor(t, "one key more", of(key), key, "another")
	r.wantBadCursor(t, "one key less", of(key, "another"), key)
	r.wantBadCursor(t, "another set of keys", of(key, "another"), key, "a third")

	oldestFirst := replicaOver(r.store, timak.Options{Order: timak.OldestFirst})
	oldestFirst.wantBadCursor(t, "another order", of(key), key)
}

// The text of a cursor is the same for the same place, whoever makes it: it may be
// part of a cache's key, and links outlive a release.
func TestCursorTextIsFixed(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 3)
	page := r.page(t, timak.Query{Limit: 1}, key)
	if got, want := page.Next, "AAAAAAAAAAADM4QmZ0UlA6_n"; got != want {
		t.Errorf("Next: got %q, want %q as ever", got, want)
	}
	if got, want := page.Prev, "AwAAAAAAAAADM0ae3GSR1-GW"; got != want {
		t.Errorf("Prev: got %q, want %q as ever", got, want)
	}
}
