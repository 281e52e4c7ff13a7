package timak_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
)

func (r replica) unread(t tb, want int) {
	t.Helper()
	got, err := r.Unread(t.Context(), key, timak.MaxLimit)
	if err != nil || got != want {
		t.Errorf("got %d unread (%v), want %d", got, err, want)
	}
}

func (r replica) seen(t tb, cursor string) {
	t.Helper()
	if err := r.MarkSeen(t.Context(), key, cursor); err != nil {
		t.Fatal(err)
	}
}

func TestUnread(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.unread(t, 0)
	r.seen(t, r.page(t, timak.Query{}, key).Prev) // of an empty page
	r.numbered(t, 5)
	r.unread(t, 5)
	second := r.page(t, timak.Query{Limit: 2, Cursor: r.page(t, timak.Query{Limit: 2}, key).Next}, key)
	r.seen(t, second.Prev) // 3 2
	r.unread(t, 2)
	r.seen(t, r.page(t, timak.Query{}, key).Prev)
	r.unread(t, 0)
	r.seen(t, second.Prev) // what was seen stays seen
	r.unread(t, 0)
	r.apply(t, timak.Put(timak.Item{ID: "0", At: at(0)})) // older than what was seen
	r.unread(t, 0)
	r.apply(t, timak.Put(timak.Item{ID: "9", At: at(9)}), timak.Put(timak.Item{ID: "10", At: at(10)}))
	r.unread(t, 2)
	r.apply(t, timak.Remove("9"))
	r.unread(t, 1)
	if got, err := r.Unread(t.Context(), key, 1); err != nil || got != 1 {
		t.Errorf("got %d (%v), want the limit", got, err)
	}
	if got := idsOf(r.page(t, timak.Query{}, key).Items); strings.Join(got, " ") != "10 5 4 3 2 1 0" {
		t.Errorf("the timeline has %v", got)
	}
}

// TestUnread_newest: of all places that writers have marked in any order, on replicas
// that come together later, the newest counts.
func TestUnread_newest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		order := timak.Order(rapid.IntRange(0, 1).Draw(t, "order"))
		store := memstore.New()
		one, other := replicaOver(store, timak.Options{Order: order}), replicaOver(store, timak.Options{Order: order})
		n := rapid.IntRange(1, 12).Draw(t, "n")
		for i := range n { // pairs of equal dates
			one.apply(t, timak.Put(timak.Item{ID: fmt.Sprint(i), At: at(int64(i / 2))}))
		}
		pages := one.forward(t, 1, key)
		newest := -1
		for _, m := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 6).Draw(t, "marked") {
			r := []replica{one, other}[rapid.IntRange(0, 1).Draw(t, "by")]
			at := m
			if order == timak.NewestFirst {
				at = n - 1 - m
			}
			r.seen(t, []string{pages[at].Prev, pages[at].Next}[rapid.IntRange(0, 1).Draw(t, "which")])
			newest = max(newest, m)
			other.unread(t, n-1-newest)
		}
	})
}

// A date that changes does not bring back what was seen.
func TestUnread_dateChanged(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 3)
	r.seen(t, r.page(t, timak.Query{}, key).Prev)
	r.apply(t, timak.Put(timak.Item{ID: "3", At: at(1)}))
	r.seen(t, r.page(t, timak.Query{Limit: 1, Cursor: r.page(t, timak.Query{Limit: 1}, key).Next}, key).Prev) // 3, now older
	r.unread(t, 0)
	r.apply(t, timak.Put(timak.Item{ID: "2", At: at(3)}))
	r.unread(t, 0)
	r.apply(t, timak.Put(timak.Item{ID: "2", At: at(4)}))
	r.unread(t, 1)
}

func TestUnread_errors(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.numbered(t, 3)
	cursor := r.page(t, timak.Query{}, key).Prev
	long := strings.Repeat("k", timak.MaxKeyLen)
	for about, got := range map[string][2]error{
		"another timeline's cursor": {r.MarkSeen(t.Context(), "other", cursor), timak.ErrBadCursor},
		"no cursor":                 {r.MarkSeen(t.Context(), key, "nonsense"), timak.ErrBadCursor},
		"a long key":                {second(r.Unread(t.Context(), long, 10)), timak.ErrKey},
		"an empty key":              {second(r.Unread(t.Context(), "", 10)), timak.ErrKey},
		"no limit":                  {second(r.Unread(t.Context(), key, 0)), timak.ErrLimit},
		"a high limit":              {second(r.Unread(t.Context(), key, timak.MaxLimit+1)), timak.ErrLimit},
	} {
		if !errors.Is(got[0], got[1]) {
			t.Errorf("%s: got %v, want %v", about, got[0], got[1])
		}
	}
}

func second(_ int, err error) error { return err }
