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
		return t.listOf(ctx, key, object)
	}
	view, need := wire.OpenFront(key, object.Siblings[0], items)
	if t.front.needed(need); view == nil || view.Len() > t.opts.MaxItems {
		if view != nil || need == 0 || need > mostFront {
			t.front.readWhole(key, true)
		}
		return t.list(ctx, key)
	}
	l := t.viewed(view)
	l.front = true
	return l, nil
}

// firstOfWhole returns the list of a key that was not read in parts when it was last read.
func (t *Timelines) firstOfWhole(ctx context.Context, key string, items int) (list, error) {
	object, err := t.fetch(ctx, key)
	if err != nil {
		return list{}, err
	}
	if len(object.Siblings) == 1 {
		view, need := wire.OpenFront(key, object.Siblings[0], items)
		if view != nil && need <= mostFront && view.Len() <= t.opts.MaxItems {
			t.front.readWhole(key, false)
		}
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
