package timak

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/timak-go/timak/timak/driver"
)

// Changes of one key that meet in a process are committed as a group: they share a
// read and a write. No change waits for others to join it: if no change of the key
// is in progress, it is carried out alone; those that arrive meanwhile form the
// next group.

// change is a call of Add, Delete or Apply.
type change struct {
	ctx    context.Context
	engine *Timelines // may come from Bounded
	ops    []Op
	shows  bool // the caller wants to see the timeline

	// The result, valid once done is closed.
	now      int64 // microseconds, when it was carried out
	results  []Result
	timeline Timeline // if shows
	err      error
	panics   any
	done     chan struct{}
}

// groups holds, by key, the changes that wait for the one in progress. A key is
// present while a change is in progress.
type groups struct {
	mu      sync.Mutex
	waiting map[string][]*change
}

// join reports whether c's key is free; then it belongs to the caller until leave.
// Otherwise c waits.
func (g *groups) join(key string, c *change) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting == nil {
		g.waiting = map[string][]*change{}
	}
	waiting, busy := g.waiting[key]
	if busy {
		c.done = make(chan struct{})
		g.waiting[key] = append(waiting, c)
	} else {
		g.waiting[key] = nil
	}
	return !busy
}

// leave returns the changes that wait for a key. If there are none, the key becomes
// free.
func (g *groups) leave(key string) []*change {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := g.waiting[key]
	if len(next) > 0 {
		g.waiting[key] = nil
	} else {
		delete(g.waiting, key)
	}
	return next
}

// write carries out c, alone or in a group.
func (t *Timelines) write(key string, c *change) error {
	if err := t.checkAll(key, c.ops); err != nil {
		return err
	}
	c.engine = t
	c.ops = kept(c.ops)
	if t.groups.join(key, c) {
		defer t.next(key)
		t.commit(c.ctx, key, []*change{c})
		return c.err
	}
	select {
	case <-c.done:
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	if c.panics != nil {
		panic(c.panics)
	}
	return c.err
}

// kept returns ops with copies of their data: they may outlive their caller.
func kept(ops []Op) []Op {
	out := slices.Clone(ops)
	for i := range out {
		out[i].item.Data = clone(out[i].item.Data)
	}
	return out
}

// next passes a key on to the changes that wait for it.
func (t *Timelines) next(key string) {
	if group := t.groups.leave(key); len(group) > 0 {
		go func() {
			defer t.next(key)
			t.commitTogether(key, group)
		}()
	}
}

// commitTogether commits a group, for as long as at least one of its callers waits.
func (t *Timelines) commitTogether(key string, group []*change) {
	defer func() {
		reason := recover()
		for _, c := range group {
			c.panics = reason // for the callers to panic with
			close(c.done)
		}
	}()
	ctx, cancel := context.WithCancel(context.WithoutCancel(group[0].ctx))
	defer cancel()
	var left atomic.Int64
	left.Store(int64(len(group)))
	for _, c := range group {
		defer context.AfterFunc(c.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})()
	}
	t.commit(ctx, key, group)
}

// commit carries out the changes of a group, in order, with one read and at most
// one write. A group that is too large together is tried one change at a time.
func (t *Timelines) commit(ctx context.Context, key string, group []*change) {
	err := t.tryCommit(ctx, key, group)
	if len(group) > 1 && errors.Is(err, driver.ErrTooLarge) {
		for _, c := range group {
			c.err = t.tryCommit(ctx, key, []*change{c})
		}
		return
	}
	for _, c := range group {
		c.err = err
	}
}

func (t *Timelines) tryCommit(ctx context.Context, key string, group []*change) error {
	if object, found := t.cache.take(key); found {
		left, end, err := t.commitOn(ctx, key, group, basis{object: object, there: t.Marker() == nil, adds: true})
		switch {
		case errors.Is(err, driver.ErrToken): // the store no longer knows the token
		case end != met || err != nil:
			return err
		default:
			t.meet(ctx, key, group, left)
			return nil
		}
	}
	return t.commitAnew(ctx, key, group, nil)
}

// commitAnew applies a group's changes to what the store holds now, and to what a commit has
// left there: the store may have lost some of that.
func (t *Timelines) commitAnew(ctx context.Context, key string, group []*change, left [][]byte) error {
	object, err := t.fetch(ctx, key)
	if err != nil {
		return err
	}
	on := basis{object: object, there: true, adds: true}
	for _, value := range left {
		if !slices.ContainsFunc(object.Siblings, func(other []byte) bool { return bytes.Equal(value, other) }) {
			on.object.Siblings = append(slices.Clip(on.object.Siblings), value)
			on.there, on.adds = false, false
		}
	}
	_, end, err := t.commitOn(ctx, key, group, on)
	if err == nil && end == unchanged {
		t.cache.keep(key, object)
	}
	return err
}

// meet merges what a group wrote from the cache alone with what others have written
// meanwhile. The group's changes are already safe, so an error concerns no caller.
func (t *Timelines) meet(ctx context.Context, key string, group []*change, left [][]byte) {
	for _, c := range group {
		for i := range c.ops {
			c.ops[i].version = c.results[i].Version
		}
	}
	if err := t.commitAnew(ctx, key, group, left); err != nil {
		t.opts.Logger.DebugContext(ctx, "timak: siblings were not merged", "key", key, "error", err)
	}
}

// end is what became of a commit.
type end uint8

const (
	unchanged end = iota // there was nothing to write
	alone                // what was written, or added to, is the only sibling
	met                  // the store cannot tell; there may be others
)

// basis is what a commit is made on.
type basis struct {
	object driver.Object
	there  bool // the store is sure to hold the object: what a group does not change needs no write
	adds   bool // the group may add to the object
}

// commitOn applies a group's changes to a basis. It returns the siblings that it knows of.
func (t *Timelines) commitOn(ctx context.Context, key string, group []*change, on basis) (left [][]byte, how end, err error) {
	x, adding, err := t.excerpt(ctx, key, on, group)
	if err != nil {
		return nil, unchanged, err
	}
	part := x.Left > 0
	for i, c := range group {
		c.now = t.opts.Clock().UnixMicro()
		c.results = c.engine.apply(&x, c.ops, c.now, adding)
		if c.shows && !part {
			c.timeline = c.engine.replayed(key, on.object.Siblings, group[:i+1])
		}
	}
	left, how, err = t.save(ctx, key, &x, adding, on)
	if c := group[0]; err == nil && c.shows && part {
		c.timeline = c.engine.written(key, left)
	}
	return left, how, err
}
