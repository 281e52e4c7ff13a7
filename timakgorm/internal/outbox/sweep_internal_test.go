package outbox

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// pretence is an outbox in which transactions draw ids and commit them in any order.
type pretence struct {
	*rand.Rand

	t       *testing.T
	id, xid int64             // the next ones
	ended   int64             // the highest number of a transaction that has ended
	running map[int64][]int64 // the ids that transactions have drawn, by their numbers
	there   []int64           // ids of changes that can be seen, in order
	known   sweep
}

func newPretence(t *testing.T, seed uint64) *pretence {
	return &pretence{Rand: rand.New(rand.NewPCG(seed, 1)), t: t, id: 1, xid: 100, ended: 99, running: map[int64][]int64{}}
}

// write lets a transaction begin, record a change, or end; or settles a change.
func (p *pretence) write() {
	var some []int64
	for xid := range p.running {
		some = append(some, xid)
	}
	slices.Sort(some)
	kind := p.IntN(10)
	switch {
	case kind < 2:
		p.running[p.xid] = nil
		p.xid++
	case kind < 6 && len(some) > 0:
		xid := some[p.IntN(len(some))]
		p.running[xid] = append(p.running[xid], p.id)
		p.id++
	case kind < 8 && len(some) > 0:
		xid := some[p.IntN(len(some))]
		if p.IntN(5) > 0 {
			p.there = append(p.there, p.running[xid]...)
			slices.Sort(p.there)
		}
		p.end(xid)
	case len(p.there) > 0:
		n := p.IntN(len(p.there))
		p.there = slices.Delete(p.there, n, n+1)
	}
}

func (p *pretence) end(xid int64) {
	delete(p.running, xid)
	p.ended = max(p.ended, xid)
}

// snapshot is as Postgres says it: transactions behind the last one that has ended may have
// numbers already.
func (p *pretence) snapshot() snapshot {
	s := snapshot{oldest: p.ended + 1, next: p.ended + 1}
	for xid := range p.running {
		s.oldest = min(s.oldest, xid)
	}
	return s
}

// look looks at the outbox by pages of some size, between which more happens. The first
// one reaches to end.
func (p *pretence) look(after int64, size, pages int) (met []int64, end int64) {
	v, from := sight{after: after, end: math.MaxInt64}, after
	for page := range pages {
		var ids []int64
		more := 0
		for _, id := range p.there {
			if page == 0 && id <= after && slices.Contains(p.known.left, id) {
				ids = append(ids, id)
			}
			if id > after && more < size {
				ids = append(ids, id)
				more++
			}
		}
		met = append(met, ids...)
		if page == 0 {
			v.snapshot = p.snapshot()
			if more == size {
				v.end = ids[len(ids)-1]
			}
			v.ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return id > p.known.last })
			v.ids = v.ids[:min(len(v.ids), leftMost+1)]
			if v.first = slices.Max(append(ids, 0)); from <= p.known.sure && v.oldest >= p.known.open && max(p.known.last, v.first) > p.known.next {
				v.open = p.xid
				p.xid++
				p.end(v.open)
			}
		}
		if len(ids) > 0 {
			v.last = max(v.last, ids[len(ids)-1])
			after = max(after, v.last)
		}
		if more < size || page+1 == pages {
			break
		}
		for range p.IntN(10) {
			p.write()
		}
	}
	p.known = p.known.after(v)
	return met, v.end
}

// check checks that nothing is below sure, or may come there, but what is left.
func (p *pretence) check(seed uint64, step int) {
	p.t.Helper()
	at := func(id int64) bool { return id <= p.known.sure && !slices.Contains(p.known.left, id) }
	if n := slices.IndexFunc(p.there, at); n >= 0 {
		p.t.Fatalf("seed %d, step %d: change %d is there, but %+v", seed, step, p.there[n], p.known)
	}
	for xid, ids := range p.running {
		if n := slices.IndexFunc(ids, at); n >= 0 {
			p.t.Fatalf("seed %d, step %d: transaction %d may commit change %d, but %+v", seed, step, xid, ids[n], p.known)
		}
	}
	if p.known.seen < p.known.sure || len(p.known.left) > leftMost {
		p.t.Fatalf("seed %d, step %d: got %+v", seed, step, p.known)
	}
}

// No change is ever where no look comes, whatever happens between two looks.
func TestSweep_losesNothing(t *testing.T) {
	t.Parallel()
	passed := 0
	for seed := range uint64(100) {
		p := newPretence(t, seed)
		for step := range 1000 {
			if p.IntN(4) > 0 {
				p.write()
				continue
			}
			from := []int64{0, p.known.sure, p.known.sure, p.known.seen}[p.IntN(4)]
			there := slices.Clone(p.there)
			met, end := p.look(from, []int{2, 20, 500}[p.IntN(3)], 1+p.IntN(6))
			p.check(seed, step)
			for _, id := range there {
				if id <= min(p.known.seen, end) && (from <= p.known.sure || slices.Contains(p.known.left, id)) && !slices.Contains(met, id) {
					t.Fatalf("seed %d, step %d: the look behind %d has not met %d; %+v", seed, step, from, id, p.known)
				}
			}
		}
		if p.known.sure > 0 {
			passed++
		}
	}
	if passed < 60 {
		t.Errorf("sure has moved in %d of 100 runs, want it in most", passed)
	}
}

// A sweep passes over what stays, and follows what is done, though a transaction never ends.
func TestSweep_moves(t *testing.T) {
	t.Parallel()
	p := newPretence(t, 1)
	change := func(n int) {
		for range n {
			p.there = append(p.there, p.id)
			p.id++
		}
	}
	change(leftMost)
	p.look(0, 500, 1)
	stay := slices.Clone(p.there)
	for range 3 {
		change(1000)
		p.look(p.known.sure, 500, 1)
		p.there = slices.Clone(stay)
		p.look(p.known.sure, 500, 1)
		p.look(p.known.sure, 500, 1)
	}
	if p.known.sure < p.known.last || p.known.seen < p.known.last || !slices.Equal(p.known.left, stay) {
		t.Errorf("with %d changes that stay: got %+v, want all behind them passed", leftMost, p.known)
	}

	long := p.xid // a transaction that does not end for a while
	p.xid++
	for range 2 * leftMost {
		p.running[long] = append(p.running[long], p.id)
		p.id++
	}
	before := p.known
	for range 3 {
		change(100)
		p.look(p.known.seen, 500, 1)
		p.there = slices.Clone(stay)
		p.look(p.known.sure, 500, 1)
		p.look(p.known.sure, 500, 1)
	}
	if p.known.sure != before.last || p.known.seen != p.known.last || p.known.last <= before.last {
		t.Errorf("while a transaction runs: got %+v, want sure to stay at %d, and seen to move on", p.known, before.last)
	}

	p.there = append(p.there, p.running[long]...)
	p.end(long)
	if met, _ := p.look(p.known.sure, 500, 1); len(met) != 3*leftMost {
		t.Errorf("after its commit: met %d changes, want all %d", len(met), 3*leftMost)
	}
	p.look(p.known.seen, 500, 1)
	if met, _ := p.look(p.known.seen, 500, 1); len(met) != 3*leftMost {
		t.Errorf("while more stay than are passed over: met %d changes, want all %d", len(met), 3*leftMost)
	}
}

// What is known of one server, or one outbox, is not held against another.
func TestSweep_forgets(t *testing.T) {
	t.Parallel()
	known := sweep{sure: 50, seen: 60, left: []int64{7}, last: 70, next: 60, open: 200}
	for about, v := range map[string]sight{
		"lower numbers of transactions": {after: 50, end: math.MaxInt64, last: 80, snapshot: snapshot{oldest: 90, next: 100}},
		"the number not ended":          {after: 50, end: math.MaxInt64, last: 80, snapshot: snapshot{oldest: 200, next: 200}},
		"a change that could not be":    {ids: []int64{8}, end: math.MaxInt64, last: 80, snapshot: snapshot{oldest: 200, next: 210}},
	} {
		if got := known.after(v); got.sure != 0 || got.seen != 0 || len(got.left) != 0 || got.last != 80 {
			t.Errorf("%s: got %+v, want nothing but the highest id", about, got)
		}
	}
}
