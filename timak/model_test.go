package timak_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/internal/eachstore"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
)

// naive is a naive engine on one replica: maps, searched from end to end.
type naive struct {
	max     int
	order   timak.Order
	ttl     int64
	horizon int64
	entries map[entry]step  // for each entry the change that wins
	older   map[entry]int64 // the highest version that it outweighs and that said something else
	covers  map[entry]int64 // removed items as {id, ""}, removed sources as {"", source}
}

func (n *naive) covered(e entry) int64 {
	if e.source == "" {
		return n.covers[entry{id: e.id}]
	}
	return max(n.covers[entry{id: e.id}], n.covers[entry{source: e.source}])
}

// coveredBySource reports whether nothing but the removal of its source outweighs a put.
func (n *naive) coveredBySource(s step) bool {
	_, known := n.entries[s.entry()]
	return s.kind == putItem && s.source != "" && !known &&
		s.version <= n.covers[entry{source: s.source}] && s.version > n.covers[entry{id: s.id}]
}

// apply does what Timelines.Apply does.
func (n *naive) apply(now int64, steps []step) []timak.Result {
	n.collect(now - n.ttl)
	results := make([]timak.Result, len(steps))
	for i, s := range steps {
		if s.version == 0 {
			s.version = max(now, n.seen(s)+1)
		}
		coveredBySource := n.coveredBySource(s)
		results[i] = timak.Result{Outcome: n.change(s), Version: s.version, Covered: coveredBySource}
	}
	for _, item := range n.visible()[min(n.max, len(n.visible())):] {
		for e, s := range n.entries {
			if e.id == item.id && s.kind == putItem {
				delete(n.entries, e)
				if n.older[e] > 0 || s.date != item.date && s.version > n.horizon {
					n.entries[e] = step{kind: dropEntry, id: e.id, source: e.source, version: s.version}
				}
				delete(n.older, e)
			}
		}
		for i, s := range steps {
			if s.kind == putItem && s.id == item.id && results[i].Outcome == timak.Applied {
				results[i].Outcome = timak.FellOff
			}
		}
	}
	return results
}

// seen returns the highest version known about the target of s.
func (n *naive) seen(s step) int64 {
	seen := n.horizon
	for e, old := range n.entries {
		if s.touches(e) {
			seen = max(seen, old.version)
		}
	}
	for c, version := range n.covers {
		aboutItem := s.kind != dropSource && c == entry{id: s.id}
		aboutSource := s.kind != dropItem && s.source != "" && c == entry{source: s.source}
		if aboutItem || aboutSource {
			seen = max(seen, version)
		}
	}
	return seen
}

func (n *naive) change(s step) timak.Outcome {
	if s.kind == dropItem || s.kind == dropSource {
		return n.cover(s)
	}
	old, known := n.entries[s.entry()]
	covered := n.covered(s.entry())
	switch {
	case !known && covered == 0 && s.version <= n.horizon:
		return timak.Stale
	case s.version < covered || s.version == covered && s.kind == putItem:
		return timak.Superseded
	case known && compareSteps(s, old) < 0:
		n.set(old, s)
		return timak.Superseded
	case known:
		n.set(s, old)
	default:
		n.set(s, s)
	}
	return timak.Applied
}

// set makes one change win, and remembers what it outweighs.
func (n *naive) set(s, outweighed step) {
	n.entries[s.entry()] = s
	if outweighed.kind != putItem || outweighed.date != s.date {
		n.older[s.entry()] = max(n.older[s.entry()], outweighed.version)
	}
	if s.kind != putItem {
		delete(n.older, s.entry())
	}
	n.tidy()
}

// compareSteps orders changes of one entry.
func compareSteps(a, b step) int {
	return cmp.Or(cmp.Compare(a.version, b.version), cmp.Compare(a.kind, b.kind), cmp.Compare(a.date, b.date), cmp.Compare(a.data, b.data))
}

func (n *naive) cover(s step) timak.Outcome {
	c := entry{id: s.id, source: s.source}
	known, killed, left := n.covers[c], 0, 0
	n.covers[c] = max(known, s.version)
	for e, old := range n.entries {
		switch {
		case !s.touches(e):
		case old.version <= n.covers[c]:
			killed += 1 - min(1, int(old.kind))
			n.entries[e] = step{kind: dropEntry, id: e.id, source: e.source, version: n.covers[c]}
			delete(n.older, e)
		case old.kind == putItem:
			left++
		}
	}
	n.tidy()
	switch {
	case left > 0 || s.version < known:
		return timak.Superseded
	case s.version <= n.horizon && killed == 0:
		return timak.Stale
	default:
		return timak.Applied
	}
}

// tidy removes what absence says as well.
func (n *naive) tidy() {
	for e, s := range n.entries {
		if s.kind == dropEntry && s.version == max(n.horizon, n.covered(e)) {
			delete(n.entries, e)
		}
	}
	for e, version := range n.older {
		if version <= max(n.horizon, n.covered(e)) {
			delete(n.older, e)
		}
	}
	for c, version := range n.covers {
		if version <= n.horizon {
			delete(n.covers, c)
		}
	}
}

func (n *naive) collect(before int64) {
	for e, s := range n.entries {
		if s.kind == dropEntry && s.version < before {
			n.horizon = max(n.horizon, s.version)
			delete(n.entries, e)
		}
	}
	for _, version := range n.covers {
		if version < before {
			n.horizon = max(n.horizon, version)
		}
	}
	n.tidy()
}

// visible returns all items in order, including those over capacity.
func (n *naive) visible() []step {
	newest := map[string]step{}
	for _, s := range n.entries {
		old, ok := newest[s.id]
		if s.kind == putItem && (!ok || cmp.Or(compareSteps(s, old), cmp.Compare(old.source, s.source)) > 0) {
			newest[s.id] = s
		}
	}
	shown := []step{}
	for _, s := range newest {
		shown = append(shown, s)
	}
	slices.SortFunc(shown, func(a, b step) int {
		c := cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id))
		if n.order == timak.NewestFirst {
			return -c
		}
		return c
	})
	return shown
}

// The engine and the model agree on every outcome, version and item, over histories
// with a clock that advances, stands still and goes back.
func TestEngineIsItsModel(t *testing.T) {
	t.Parallel()
	eachstore.Run(t, func(t *testing.T, open func() driver.Store) {
		rapid.Check(t, func(t *rapid.T) {
			opts, now := options().Draw(t, "options"), clockAt(1)
			opts.Clock, opts.TombstoneTTL = now.Now, 5*time.Microsecond
			store := open()
			if adder, ok := store.(driver.Adder); ok && adder.AddFrom() == 0 {
				opts.MaxItems = 1000 // what additions leave to be trimmed is known for longer than the model says
			}
			r := replicaOver(store, opts)
			model := naive{
				max: opts.MaxItems, order: opts.Order, ttl: 5,
				entries: map[entry]step{}, older: map[entry]int64{}, covers: map[entry]int64{},
			}
			explicit := rapid.SampledFrom([]int64{0, 12, 12}).Draw(t, "highest explicit version")
			for range rapid.IntRange(1, 12).Draw(t, "writes") {
				now.set(rapid.Int64Range(1, 20).Draw(t, "now"))
				batch := rapid.SliceOfN(steps(explicit), 0, 4).Draw(t, "batch")
				got, want := r.apply(t, ops(batch)...), model.apply(now.micros.Load(), batch)
				if d := diff(got, want); d != "" {
					t.Fatalf("%v: results (-want +got)\n%s", batch, d)
				}
				items := []timak.Item{}
				for _, s := range model.visible() {
					items = append(items, s.item())
				}
				if d := diff(r.items(t), items); d != "" {
					t.Fatalf("after %v (-want +got)\n%s", batch, d)
				}
			}
		})
	})
}
