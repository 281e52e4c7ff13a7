package timak_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/timak-go/timak/timak"
)

// TestStats: what is counted, and that Bounded engines share the counts.
func TestStats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplica(timak.Options{})
		a, b := foreign(t, timak.Options{}, "a"), foreign(t, timak.Options{}, "b", "c")
		r.receive(t, a, b)
		r.ids(t) // repairs
		synctest.Wait()
		merged := int64(len(r.siblings(t)[0]))
		r.apply(t, timak.Put(timak.Item{ID: "d"}))
		written := int64(len(r.siblings(t)[0]))
		if _, err := r.Bounded(1).Get(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		both := len(a) + len(b)
		got, hot := r.Stats(), timak.HotKey{Key: key, Merges: 1, Siblings: 2, Bytes: both}
		if len(got.Hot) != 1 || got.Hot[0] != hot {
			t.Errorf("got %+v as hot keys, want %+v", got.Hot, hot)
		}
		got.Hot = nil
		want := timak.Stats{
			Reads: 3, Siblings: 4, BytesRead: int64(both) + merged + written, MostBytes: max(int64(both), merged, written), Merges: 1,
			Writes: 1, BytesWritten: written, Repairs: 1,
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}
