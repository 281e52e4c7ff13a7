package timak

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Timeline is what one read saw, or one write left: items in order. The zero
// Timeline is empty. Its methods may be called from any number of goroutines.
type Timeline struct {
	items []Item
	later func() []Item // in place of items that are not decoded yet
}

// Items returns the items in the timeline's order. The slice is the caller's.
func (t Timeline) Items() []Item { return append([]Item(nil), t.all()...) }

// IDs returns the ids of the items in the timeline's order.
func (t Timeline) IDs() []string {
	items := t.all()
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	return ids
}

// Len returns the number of items.
func (t Timeline) Len() int { return len(t.all()) }

func (t Timeline) all() []Item {
	if t.later != nil {
		return t.later()
	}
	return t.items
}

// timeline returns what a reader sees of s. The error wraps ErrCorrupt.
func (t *Timelines) timeline(s *state.State) (Timeline, error) {
	list, err := items(t.visible(s))
	return Timeline{items: list}, err
}

// written returns what a reader sees of siblings that were just written, or met, and only
// decoded in part.
func (t *Timelines) written(key string, siblings [][]byte) Timeline {
	return t.later(key, func() (list, error) {
		if len(siblings) > 1 {
			s, err := t.merge(context.Background(), key, siblings)
			return t.seen(&s), err
		}
		view, ok := wire.Open(key, siblings[0])
		if !ok { // though it was written in parts
			return list{}, ErrCorrupt
		}
		return t.viewed(view), nil
	})
}

// replayed returns what a reader sees after the last of some changes that were made
// as a group, whose intermediate states were not kept.
func (t *Timelines) replayed(key string, siblings [][]byte, changes []*change) Timeline {
	return t.later(key, func() (list, error) {
		s, err := t.merge(context.Background(), key, siblings)
		x := wire.Whole(s)
		for _, c := range changes {
			c.engine.apply(&x, c.ops, c.now, nil)
		}
		return t.seen(&x.State), err
	})
}

// later returns a timeline that is decoded when it is first looked at. If it proves
// damaged then, the timeline is empty and the log says so; every later read returns
// ErrCorrupt.
func (t *Timelines) later(key string, look func() (list, error)) Timeline {
	return Timeline{later: sync.OnceValue(func() []Item {
		seen, err := look()
		var shown []Item
		if err == nil {
			shown, err = items(seen.part(0, seen.n))
			err = errors.Join(err, seen.err())
		}
		if err != nil {
			t.opts.Logger.Error("timak: a written value is unreadable", "key", key, "error", err)
			return nil
		}
		return shown
	})}
}

// items returns entries as users see them, with copies of their data, as stored
// values are shared. The error wraps ErrCorrupt.
func items(entries []state.Entry) ([]Item, error) {
	list, size := make([]Item, len(entries)), 0
	for i := range entries {
		size += entries[i].Data.Len()
	}
	own := make([]byte, 0, size)
	for i := range entries {
		shown, err := item(&entries[i])
		if err != nil {
			return nil, err
		}
		if len(shown.Data) > 0 {
			start := len(own)
			own = append(own, shown.Data...)
			shown.Data = own[start:len(own):len(own)]
		}
		list[i] = shown
	}
	return list, nil
}

// item returns an entry as users see it. Its data is shared and must not be
// changed. The error wraps ErrCorrupt.
func item(e *state.Entry) (Item, error) {
	data, err := e.Data.Bytes()
	if err != nil {
		return Item{}, fmt.Errorf("item %q: %w", e.ID, err)
	}
	return Item{ID: e.ID, At: time.UnixMicro(e.Date).UTC(), Data: data, Source: e.Source}, nil
}
