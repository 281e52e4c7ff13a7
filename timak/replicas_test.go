package timak_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
)

// replicas are engines with a store each, which send one another their values.
type replicas struct {
	all  []replica
	now  *clock
	sent []message // everything that was ever sent; it may arrive again
}

// message is a value on its way, and whether its sender knew of the test's removal.
type message struct {
	value []byte
	knows bool
}

func newReplicas(t *rapid.T, opts timak.Options) *replicas {
	rs := &replicas{now: clockAt(1)}
	opts.Clock = rs.now.Now
	for range 3 {
		rs.all = append(rs.all, drawnReplica(t, opts))
	}
	return rs
}

func (rs *replicas) draw(t *rapid.T, label string) int {
	return rapid.IntRange(0, len(rs.all)-1).Draw(t, label)
}

// send gives a drawn replica the value of another, or an old message again. It
// returns the receiver, and whether what it received knows of the removal.
func (rs *replicas) send(t *rapid.T, knows func(replica int) bool) (to int, heard bool) {
	from, to := rs.draw(t, "from"), rs.draw(t, "to")
	messages := []message{}
	rs.all[from].merge(t) // so that one value holds everything it knows
	for _, value := range rs.all[from].siblings(t) {
		messages = append(messages, message{value, knows(from)})
	}
	rs.sent = append(rs.sent, messages...)
	if len(rs.sent) > 0 && rapid.Bool().Draw(t, "an old message") {
		messages = []message{rapid.SampledFrom(rs.sent).Draw(t, "message")}
	}
	for _, m := range messages {
		rs.all[to].receive(t, m.value)
		heard = heard || m.knows
	}
	if rapid.Bool().Draw(t, "merge") {
		rs.all[to].merge(t)
	}
	return to, heard
}

func nothing(int) bool { return false }

// settle lets every replica send to every other until nothing changes.
func (rs *replicas) settle(t *rapid.T) {
	for range 10 {
		before := fmt.Sprint(rs.holdings(t))
		for _, to := range rapid.Permutation(rs.all).Draw(t, "receivers") {
			for _, from := range rapid.Permutation(rs.all).Draw(t, "senders") {
				to.receive(t, from.siblings(t)...)
				to.merge(t)
			}
		}
		if fmt.Sprint(rs.holdings(t)) == before {
			return
		}
	}
	t.Fatalf("the replicas still change after 10 rounds")
}

func (rs *replicas) holdings(t *rapid.T) (all [][][]byte) {
	for _, r := range rs.all {
		all = append(all, r.siblings(t))
	}
	return all
}

// mustAgree returns what all replicas show.
func (rs *replicas) mustAgree(t *rapid.T, maxItems int) []timak.Item {
	t.Helper()
	want := rs.all[0].items(t)
	for i, r := range rs.all {
		if d := diff(r.items(t), want); d != "" {
			t.Fatalf("replicas 0 and %d differ (-0 +%d)\n%s", i, i, d)
		}
	}
	if len(want) > maxItems {
		t.Fatalf("%d items show, want at most %d: %+v", len(want), maxItems, want)
	}
	return want
}

// Replicas that exchange states in any order, repeatedly and late, converge: in
// both orders, with full timelines, several sources and expiring tombstones.
func TestReplicasConverge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opts := options().Draw(t, "options")
		opts.TombstoneTTL = 5 * time.Microsecond
		rs := newReplicas(t, opts)
		for range rapid.IntRange(1, 25).Draw(t, "events") {
			switch rapid.IntRange(0, 5).Draw(t, "event") {
			case 0, 1:
				rs.send(t, nothing)
			case 2:
				rs.now.set(rapid.Int64Range(1, 20).Draw(t, "now"))
			default:
				batch := rapid.SliceOfN(steps(12), 1, 3).Draw(t, "batch")
				rs.all[rs.draw(t, "writer")].apply(t, ops(batch)...)
			}
		}
		rs.settle(t)
		rs.mustAgree(t, opts.MaxItems)
	})
}

// Without removals and re-dating the result is the top of all puts, whatever the
// order, and however often each arrives.
func TestTopOfAllPuts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opts := options().Draw(t, "options")
		rs := newReplicas(t, opts)
		puts := somePuts().Draw(t, "puts")
		for _, s := range rapid.Permutation(append(puts, puts[:len(puts)/2]...)).Draw(t, "arrivals") {
			rs.all[rs.draw(t, "writer")].apply(t, s.op())
			if rapid.IntRange(0, 3).Draw(t, "exchange") == 0 {
				rs.send(t, nothing)
			}
		}
		rs.settle(t)
		model := naive{order: opts.Order, entries: map[entry]step{}}
		for _, s := range puts {
			if old, ok := model.entries[s.entry()]; !ok || old.version < s.version {
				model.entries[s.entry()] = s
			}
		}
		want := []string{}
		for _, s := range model.visible() {
			want = append(want, s.id)
		}
		want = want[:min(len(want), opts.MaxItems)]
		got := []string{}
		for _, item := range rs.mustAgree(t, opts.MaxItems) {
			got = append(got, item.ID)
		}
		if d := diff(got, want); d != "" {
			t.Fatalf("%v (-want +got)\n%s", puts, d)
		}
	})
}
