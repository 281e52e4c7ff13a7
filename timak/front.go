package timak

import (
	"context"
	"hash/maphash"
	"sync/atomic"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/wire"
)

// first returns what is visible under key, as list does. If the store can read the
// beginning of a value for less, only so many items of the list can be read.
func (t *Timelines) first(ctx context.Context, key string, items int) (list, error) {
	store, ok := t.store.(driver.PartGetter)
	if !ok || t.opts.Order != NewestFirst {
		return t.list(ctx, key)
	}
	if t.front.readsWhole(key) {
		return t.firstOfWhole(ctx, key, items)
	}
	whole := false
	object, err := t.fetchBy(key, func() (object driver.Object, err error) {
		object, whole, err = store.GetPart(ctx, key, t.front.length())
		return object, err
	})
	switch {
	case err != nil:
		return list{}, err
	case whole:
		if t.front.length() > leastFront { // more than enough, perhaps
			_, need, _ := t.frontOf(key, object.Siblings, items)
			t.front.needed(need)
		}
		return t.listOf(ctx, key, object)
	}
	l, need, ok := t.frontOf(key, object.Siblings, items)
	if t.front.needed(need); !ok {
		if need == 0 || need > mostFront {
			t.front.readWhole(key, true)
		}
		return t.list(ctx, key)
	}
	return l, nil
}

// frontOf returns a list of siblings of which only the beginning may be at hand, from which
// so many items can be read. If that is too little, ok is false, and need is how many
// bytes will do, or a guess; 0 if the siblings must be read whole.
func (t *Timelines) frontOf(key string, siblings [][]byte, items int) (l list, need int, ok bool) {
	if need = headCut(key, siblings); need > 0 {
		return list{}, need, false
	}
	p, ok := pileOf(key, siblings)
	if !ok || p.longest >= t.front.length() { // it may be cut off
		return list{}, 0, false
	}
	if len(p.additions) > 0 {
		return t.frontOfPile(key, &p, items)
	}
	view, need := wire.OpenFront(key, p.base, items)
	switch {
	case view == nil:
		return list{}, need, false
	case view.Len() > t.opts.MaxItems:
		return list{}, 0, false
	}
	l = t.viewed(view)
	l.front = true
	return l, need, true
}

// headCut returns how many bytes will do, or a guess, if the head of a sibling that is no
// addition is cut off. A single sibling tells that itself.
func headCut(key string, siblings [][]byte) (need int) {
	if len(siblings) == 1 {
		return 0
	}
	for _, value := range siblings {
		if wire.IsAddition(value) {
			continue
		}
		if view, n := wire.OpenFront(key, value, 0); view == nil {
			need = max(need, n)
		}
	}
	return need
}

// frontOfPile is frontOf for siblings with additions. It reads as many items more of the base as the
// additions hide there.
func (t *Timelines) frontOfPile(key string, p *pile, items int) (l list, need int, ok bool) {
	added, mentioned := p.added()
	for n := items; ; {
		view, need := wire.OpenFront(key, p.base, n)
		if view == nil {
			return list{}, need, false
		}
		first := list{n: min(n, view.Len()), at: view.At, err: view.Err}
		hidden := first.find(mentioned)
		if first.err() != nil {
			return list{}, need, false
		}
		if first.n == view.Len() || n-len(hidden) >= items {
			l = t.bounded(overlaid(t.order(), first, hidden, added), view.Floor())
			l.front = true
			return l, need, true
		}
		n = items + len(hidden)
	}
}

// find returns the indexes of some items in the list.
func (l list) find(ids map[string]bool) (found []int) {
	for i := range l.n {
		if ids[l.at(i).ID] {
			found = append(found, i)
		}
	}
	return found
}

// firstOfWhole returns the list of a key that was not read in parts when it was last read.
func (t *Timelines) firstOfWhole(ctx context.Context, key string, items int) (list, error) {
	object, err := t.fetch(ctx, key)
	if err != nil {
		return list{}, err
	}
	if _, need, ok := t.frontOf(key, object.Siblings, items); ok && need <= mostFront {
		t.front.readWhole(key, false)
	}
	return t.listOf(ctx, key, object)
}

// front is how many bytes to ask for to read the beginning of a value: more than lately
// were needed. If they prove too few, the read costs a second fetch.
type front struct {
	bytes atomic.Int64

	// Keys whose values cannot be read in parts, by their hashes: the latest, as far as
	// there is room. They are read as a whole at once.
	whole [1 << 10]atomic.Uint64
}

// The fewest bytes to ask for, which hold 20 items with 200 bytes of data each; and the
// most. A page that needs more is read with the whole value.
const (
	leastFront = 8 << 10
	mostFront  = 1 << 20
)

func (f *front) length() int { return max(leastFront, int(f.bytes.Load())) }

// needed takes note of how many bytes a page needed; 0 if that is not known. The number
// grows at once and falls slowly, so that pages of several sizes settle at the larger.
func (f *front) needed(bytes int) {
	switch now := f.length(); {
	case bytes > mostFront:
	case bytes > now:
		f.bytes.Store(int64(min(bytes+bytes/4, mostFront)))
	case 0 < bytes && bytes < now/2:
		f.bytes.Store(int64(now - now/1024))
	}
}

var frontSeed = maphash.MakeSeed()

func (f *front) readsWhole(key string) bool {
	hash := maphash.String(frontSeed, key)
	return f.whole[hash%uint64(len(f.whole))].Load() == hash
}

// readWhole notes whether a key is to be read as a whole.
func (f *front) readWhole(key string, whole bool) {
	hash := maphash.String(frontSeed, key)
	place := &f.whole[hash%uint64(len(f.whole))]
	if whole {
		place.Store(hash)
	} else {
		place.CompareAndSwap(hash, 0)
	}
}
