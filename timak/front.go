package timak

import (
	"context"
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
	t.front.needed(need)
	if view == nil || view.Len() > t.opts.MaxItems {
		return t.list(ctx, key)
	}
	l := t.viewed(view)
	l.front = true
	return l, nil
}

// front is how many bytes to ask for to read the beginning of a value: more than lately
// were needed. If they prove too few, the read costs a second fetch.
type front struct{ bytes atomic.Int64 }

// The fewest bytes to ask for, which hold 20 items with 200 bytes of data each; and the
// most that grow from a single value.
const (
	leastFront = 8 << 10
	mostFront  = 1 << 20
)

func (f *front) length() int { return max(leastFront, int(f.bytes.Load())) }

// needed takes note of how many bytes a page needed; 0 if that is not known. The number
// grows at once and falls slowly, so that pages of several sizes settle at the larger.
func (f *front) needed(bytes int) {
	switch now := f.length(); {
	case bytes > now:
		f.bytes.Store(int64(min(bytes+bytes/4, mostFront)))
	case bytes < now/2:
		f.bytes.Store(int64(now - now/1024))
	}
}
