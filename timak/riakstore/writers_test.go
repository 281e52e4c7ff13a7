package riakstore_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/riaktest"
)

const (
	writers = 8
	clients = 4
	adds    = 167 // per writer, which removes every second item again: 250 writes
)

// TestManyWriters: many clients add to and remove from one key, with and without a
// cache of their last writes, while replicas lag, answers get lost and, halfway, a
// node restarts.
func TestManyWriters(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	opts := quick()
	opts.RequestTimeout, opts.RetryTime = 10*time.Second, time.Minute // a slow machine must not look like a lost answer
	engines := make([]*timak.Timelines, clients)
	for i := range engines {
		cache := -(i % 2) // every second one has none
		engines[i] = timak.New(open(t, cluster.Addresses(), opts), &timak.Options{MaxItems: writers * adds, CacheBytes: cache})
	}
	lost := loseAcks(cluster)
	nodes := cluster.Nodes()
	nodes[2].Lag()
	half := atHalf(func() {
		if most := cluster.MostSiblings(hot); most > writers {
			t.Errorf("at most %d siblings before the restart, want at most %d: one for each writer", most, writers)
		}
		cluster.Heal()
		nodes[0].Lag()
		if err := nodes[1].Restart(); err != nil {
			t.Error(err)
		}
	})
	start := time.Now()
	within(t, 2*time.Minute, func() { // 2 seconds; with the race detector on a busy machine, 30
		together(writers, func(w int) { addAndRemove(t, engines[w%clients], w, half) })
	})
	cluster.Heal()
	t.Logf("%d writes in %v, %d answers lost, at most %d siblings", cluster.Requests(riaktest.Put), time.Since(start), hits(lost), cluster.MostSiblings(hot))
	wantFewSiblings(t, cluster, hits(lost))
	wantOneSibling(t, cluster, engines[0])
	wantItems(t, engines[0]) // last: it stores the merge of siblings that it meets, whenever that arrives
}

var hot = riaktest.Key{Type: "timelines", Bucket: "timelines", Key: "hot"}

// loseAcks makes some answers to puts get lost, and some puts, too.
func loseAcks(cluster *riaktest.Cluster) []*riaktest.Injection {
	var lost []*riaktest.Injection
	for i, fault := range []riaktest.Fault{riaktest.LoseReply(), riaktest.CutReply(), riaktest.Fail("timeout"), riaktest.Drop()} {
		lost = append(lost, cluster.Inject(riaktest.Match{Kind: riaktest.Put, Key: hot.Key, Skip: 50 * (i + 1), Count: 5}, fault))
	}
	return lost
}

func hits(injections []*riaktest.Injection) int {
	total := 0
	for _, injection := range injections {
		total += injection.Hits()
	}
	return total
}

// atHalf returns a function that calls do when it is called for the last item of
// the first half.
func atHalf(do func()) func() {
	var calls atomic.Int64
	var once sync.Once
	return func() {
		if calls.Add(1) >= writers*adds/2 {
			once.Do(do)
		}
	}
}

func addAndRemove(t *testing.T, engine *timak.Timelines, w int, added func()) {
	for i := range adds {
		id := itemID(w, i)
		if _, err := engine.Add(t.Context(), hot.Key, timak.Item{ID: id, At: time.UnixMicro(int64(i))}); err != nil {
			t.Errorf("add %s: %v", id, err)
		}
		added()
		if i%2 == 0 {
			continue
		}
		if _, err := engine.Delete(t.Context(), hot.Key, id); err != nil {
			t.Errorf("delete %s: %v", id, err)
		}
	}
}

func itemID(w, i int) string { return fmt.Sprintf("%d-%d", w, i) }

// wantItems checks that exactly those items are there that were added and not
// removed, and that of wantOneSibling.
func wantItems(t *testing.T, engine *timak.Timelines) {
	t.Helper()
	want := []string{"last"}
	for w := range writers {
		for i := 0; i < adds; i += 2 {
			want = append(want, itemID(w, i))
		}
	}
	timeline, err := engine.Get(t.Context(), hot.Key)
	if err != nil {
		t.Fatal(err)
	}
	got := timeline.IDs()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

// wantFewSiblings bounds the siblings that a replica has ever held. A writer has
// one outstanding put of a key at a time, with the token of a read that began after
// its last put was acknowledged. So there is at most one sibling of each writer
// that no later put has seen. A lost answer adds none: the put is repeated only if
// its value is not found, because another writer has replaced it. Only a node that
// dies may still carry out a put after its writer looked for the value elsewhere,
// so the restart may add one more for each writer.
func wantFewSiblings(t *testing.T, cluster *riaktest.Cluster, lost int) {
	t.Helper()
	if lost == 0 {
		t.Error("no answer was lost")
	}
	if most := cluster.MostSiblings(hot); most > 2*writers || most < 2 {
		t.Errorf("at most %d siblings, want 2 to %d", most, 2*writers)
	}
}

// wantOneSibling writes once more, and checks that every replica then holds one
// value.
func wantOneSibling(t *testing.T, cluster *riaktest.Cluster, engine *timak.Timelines) {
	t.Helper()
	if _, err := engine.Add(t.Context(), hot.Key, timak.Item{ID: "last", At: time.UnixMicro(1)}); err != nil {
		t.Fatal(err)
	}
	replicas := cluster.Replicas(hot)
	for _, replica := range replicas {
		if n := len(replica.Siblings); n != 1 {
			t.Errorf("%d siblings on node %s, want 1", n, replica.Node.Address())
		}
	}
	if len(replicas) != 3 {
		t.Errorf("%d replicas, want 3", len(replicas))
	}
}
