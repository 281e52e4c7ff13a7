package timak_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/timak-go/timak/timak"
)

// long fills a timeline so that it is stored in many blocks.
func long(t tb, opts timak.Options) replica {
	t.Helper()
	opts.MaxItems = 130
	r := newReplica(opts)
	ops := make([]timak.Op, opts.MaxItems)
	for i := range ops {
		ops[i] = timak.Put(longItem(i))
	}
	r.apply(t, ops...)
	return r
}

func longItem(i int) timak.Item {
	return timak.Item{ID: fmt.Sprint("posts:", i), At: at(int64(1000 + i)), Data: fmt.Appendf(nil, "what post number %d says, and says once more", i)}
}

// A write returns what a read after it returns, although most of it was never
// decoded.
func TestTimelineOfAWrite(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]timak.Options{
		"newest first": {}, "oldest first": {Order: timak.OldestFirst}, "uncompressed": {Uncompressed: true}, "with cache": {CacheBytes: 1 << 20},
	} {
		r := long(t, opts)
		for write, run := range map[string]func() (timak.Timeline, error){
			"add first":   func() (timak.Timeline, error) { return r.Add(t.Context(), key, longItem(200)) },
			"add last":    func() (timak.Timeline, error) { return r.Add(t.Context(), key, longItem(-1)) },
			"add between": func() (timak.Timeline, error) { return r.Add(t.Context(), key, timak.Item{ID: "x", At: at(1100)}) },
			"add again":   func() (timak.Timeline, error) { return r.Add(t.Context(), key, longItem(50)) },
			"move": func() (timak.Timeline, error) {
				return r.Add(t.Context(), key, timak.Item{ID: "posts:70", At: at(1010)})
			},
			"delete":      func() (timak.Timeline, error) { return r.Delete(t.Context(), key, "posts:120") },
			"delete none": func() (timak.Timeline, error) { return r.Delete(t.Context(), key, "posts:9999") },
			"add a source": func() (timak.Timeline, error) {
				return r.Add(t.Context(), key, timak.Item{ID: "y", At: at(1190), Source: "s"})
			},
			"bounded to 40": func() (timak.Timeline, error) { return r.Bounded(40).Add(t.Context(), key, longItem(201)) },
		} {
			got, err := run()
			if err != nil {
				t.Fatalf("%s, %s: %v", name, write, err)
			}
			want := r.items(t)
			if d := diff(got.Items(), want); d != "" || got.Len() != len(want) {
				t.Errorf("%s, %s (-want +got)\n%s", name, write, d)
			}
			for _, item := range got.Items() {
				clear(item.Data) // it is the caller's
			}
			if d := diff(r.items(t), want); d != "" {
				t.Errorf("%s, %s: what the reader did to its data is seen (-want +got)\n%s", name, write, d)
			}
		}
	}
}

// Concurrent writers of a long timeline, whose callers look at the returned
// timelines.
func TestTimelineOfManyWrites(t *testing.T) {
	t.Parallel()
	r := long(t, timak.Options{})
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := range 10 {
				item := longItem(200 + 8*i + w)
				got, err := r.Add(t.Context(), key, item)
				if err != nil {
					t.Error(err)
				}
				var readers sync.WaitGroup
				for range 2 {
					readers.Go(func() {
						for _, shown := range got.Items() {
							if shown.ID == item.ID && bytes.Equal(shown.Data, item.Data) {
								return
							}
						}
						t.Errorf("%s is not in the timeline that its Add returned", item.ID)
					})
				}
				readers.Wait()
			}
		})
	}
	group.Wait()
}
