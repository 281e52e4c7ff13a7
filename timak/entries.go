package timak

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/timak-go/timak/timak/internal/state"
)

// Entry is one stored reason for an item: an (ID, Source) with its version. Readers
// of the timeline do not see entries, only the items they make up.
type Entry struct {
	Item

	// Version orders the changes of the entry: see Op.WithVersion.
	Version int64
}

// Entries is what one read of a timeline knows about every (id, source), for
// callers who compare it with another source of truth. The zero Entries is empty.
// Entries is immutable, and any number of goroutines may use it.
type Entries struct {
	state state.State
	live  []Entry // in the state's order
}

// Entries reads everything stored under key: every live entry, including those
// beyond MaxItems, and the versions of what was removed. A timeline that was never
// written has none. With ErrCorrupt it also returns what the undamaged siblings
// say; Salvage repairs the damage.
func (t *Timelines) Entries(ctx context.Context, key string) (Entries, error) {
	s, _, err := t.look(ctx, key)
	entries := Entries{state: s}
	for _, e := range s.Live() {
		shown, corrupt := item(&e)
		err = errors.Join(err, corrupt)
		entries.live = append(entries.live, Entry{Item: shown, Version: e.Version})
	}
	if err != nil {
		err = fmt.Errorf("timak: entries of %q: %w", key, err)
	}
	return entries, err
}

// Live returns the live entries, sorted by id and then source. The slice is the
// caller's, but the items' data must not be changed.
func (e Entries) Live() []Entry {
	live := slices.Clone(e.live)
	slices.SortFunc(live, func(a, b Entry) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Source, b.Source))
	})
	return live
}

// Find returns the live entry of (id, source), and whether there is one.
func (e Entries) Find(id, source string) (entry Entry, live bool) {
	for _, entry := range e.live {
		if entry.ID == id && entry.Source == source {
			return entry, true
		}
	}
	return Entry{}, false
}

// Version returns the highest version that the timeline knows for (id, source): of
// a put, of a removal of the entry, its item or its source, or of the horizon. A
// change needs a higher version to take effect. 0 if the timeline knows of none.
func (e Entries) Version(id, source string) int64 { return e.state.SeenOfEntry(id, source) }

// Lacks reports whether the timeline may lack an item at a place: it is at or after its
// floor.
func (e Entries) Lacks(at Place) bool {
	floor := e.state.Floor()
	return floor.Set && floor.Order.Compare(at.position(), floor.At) >= 0
}

// Floor returns the place at and after which the timeline may lack items, and whether
// there is one. A Heal begins there.
func (e Entries) Floor() (at Place, lacks bool) {
	floor := e.state.Floor()
	return placeOf(floor.At), floor.Set
}

// Room returns how many items are wanting before the floor of a timeline of a capacity, as
// far as a Heal can bring them back.
func (e Entries) Room(capacity int) int { return e.state.Room(capacity) }

// MaxItems returns how many items a timeline shows: Options.MaxItems, or what
// Bounded was given.
func (t *Timelines) MaxItems() int { return t.opts.MaxItems }

// Order returns the order of the timelines.
func (t *Timelines) Order() Order { return t.opts.Order }

// Before reports whether item a is shown before item b.
func (o Order) Before(a, b Item) bool {
	place := func(i Item) state.Position { return state.Position{Date: microseconds(i.At), ID: i.ID} }
	return state.Order(o).Compare(place(a), place(b)) < 0
}
