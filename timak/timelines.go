package timak

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Timelines is an engine over a store. Its methods may be called from any
// number of goroutines at once, and any number of engines, in any number of
// processes, may share a store.
//
// Errors of the store are wrapped: errors.Is finds the sentinels of package driver.
type Timelines struct {
	store    driver.Store
	opts     Options
	counters *counters
	repairs  *repairs
	groups   *groups
	cache    *cache
	front    *front
	asOf     int64 // 0: no moment is known
}

// New returns an engine over store; opts may be nil. The caller closes the store.
// New panics on options out of range, and without a store.
func New(store driver.Store, opts *Options) *Timelines {
	if absent(store) {
		panic(fmt.Sprintf("timak: New: got no store, %T: expected one that was opened without an error, such as memstore.New()", store))
	}
	o := opts.withDefaults()
	return &Timelines{
		store: store, opts: o, counters: &counters{}, repairs: &repairs{}, groups: &groups{}, cache: &cache{room: o.CacheBytes},
		front: &front{},
	}
}

// absent reports whether there is no store: nil, or a nil pointer, as Open returns with
// an error.
func absent(store driver.Store) bool {
	v := reflect.ValueOf(store)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// Bounded returns the same engine with another MaxItems, for timelines that are
// shorter or longer than the rest. It panics if maxItems is below 1.
func (t *Timelines) Bounded(maxItems int) *Timelines {
	if maxItems < 1 {
		panic(fmt.Sprintf("timak: Bounded(%d): a timeline holds at least one item", maxItems))
	}
	bounded := *t
	bounded.opts.MaxItems = maxItems
	return &bounded
}

// AsOf returns the same engine for changes of which a moment is known: one of the source of
// truth after it was read. The moment is the highest that was drawn until then, or one
// that is drawn. It tells what a Heal makes good: a timeline keeps, with its floor, the
// highest moment of what it has put. A Put or a RaiseFloor of which no moment is known
// keeps a timeline from being healed. It panics if the moment is not in 0 to MaxVersion; 0
// is unknown.
func (t *Timelines) AsOf(moment int64) *Timelines {
	if moment < 0 || moment > MaxVersion {
		panic(fmt.Sprintf("timak: AsOf(%d): expected a moment from 0 to %d", moment, int64(MaxVersion)))
	}
	known := *t
	known.asOf = moment
	return &known
}

func (t *Timelines) moment() int64 {
	if t.asOf == 0 {
		return state.Unknown
	}
	return t.asOf
}

// Marker returns the store as a driver.Marker. It is nil for a store that keeps what it
// has acknowledged.
func (t *Timelines) Marker() driver.Marker {
	marker, _ := t.store.(driver.Marker)
	return marker
}

// Add puts an item into the timeline under key and returns the timeline.
func (t *Timelines) Add(ctx context.Context, key string, item Item) (Timeline, error) {
	return t.change(ctx, "add", key, Put(item))
}

// Delete removes the item with this id, whatever its sources, and returns the
// timeline. It is not an error if there is no such item.
func (t *Timelines) Delete(ctx context.Context, key, id string) (Timeline, error) {
	return t.change(ctx, "delete", key, Remove(id))
}

func (t *Timelines) change(ctx context.Context, verb, key string, op Op) (Timeline, error) {
	c := &change{ctx: ctx, ops: []Op{op}, shows: true}
	if err := t.write(key, c); err != nil {
		return Timeline{}, fmt.Errorf("timak: %s %q: %w", verb, key, err)
	}
	return c.timeline, nil
}

// Apply carries out ops on the timeline under key, in order, with one read and at
// most one write, and reports each op's outcome. All of them are stored or none.
// After an error either may be the case; ops with explicit versions are idempotent
// and may simply be applied again. Items beyond the capacity fall off once all ops, or
// each 1,024 of them, are carried out.
func (t *Timelines) Apply(ctx context.Context, key string, ops ...Op) ([]Result, error) {
	c := &change{ctx: ctx, ops: ops}
	if err := t.write(key, c); err != nil {
		return nil, applyError(key, err)
	}
	return c.results, nil
}

// Check returns the error that Apply would return for ops whatever the timeline
// holds: ErrKey, ErrID, ErrSource, ErrData, ErrDate, ErrVersion or nil. It reads
// nothing.
func (t *Timelines) Check(key string, ops ...Op) error {
	if err := t.checkAll(key, ops); err != nil {
		return applyError(key, err)
	}
	return nil
}

// applyError cuts a key that is too long to MaxKeyLen bytes.
func applyError(key string, err error) error {
	return fmt.Errorf("timak: apply to %q: %w", key[:min(len(key), MaxKeyLen)], err)
}

// Get returns the timeline under key; a timeline that was never written is empty.
// With ErrCorrupt it also returns what the undamaged siblings say.
func (t *Timelines) Get(ctx context.Context, key string) (Timeline, error) {
	s, _, err := t.look(ctx, key)
	timeline, corrupt := t.timeline(&s)
	if err = errors.Join(err, corrupt); err != nil {
		err = fmt.Errorf("timak: get %q: %w", key, err)
	}
	return timeline, err
}

// fetch returns what the store holds under key.
func (t *Timelines) fetch(ctx context.Context, key string) (driver.Object, error) {
	return t.fetchBy(key, func() (driver.Object, error) { return t.store.Get(ctx, key) })
}

// fetchBy returns what get returns under key, and counts it.
func (t *Timelines) fetchBy(key string, get func() (driver.Object, error)) (driver.Object, error) {
	if len(key) == 0 || len(key) > MaxKeyLen {
		return driver.Object{}, fmt.Errorf("%w, got %d", ErrKey, len(key))
	}
	object, err := get()
	if err != nil {
		return driver.Object{}, err
	}
	t.counters.read(key, object)
	return object, nil
}

// read returns the merge of all readable siblings under key, and the object they
// came from. The error wraps ErrCorrupt if a sibling was unreadable.
func (t *Timelines) read(ctx context.Context, key string) (state.State, driver.Object, error) {
	object, err := t.fetch(ctx, key)
	if err != nil {
		return state.State{}, driver.Object{}, err
	}
	s, err := t.merge(ctx, key, object.Siblings)
	return s, object, err
}

// merge returns the merge of all readable siblings.
func (t *Timelines) merge(ctx context.Context, key string, siblings [][]byte) (merged state.State, corrupt error) {
	var decoder wire.Decoder
	for i, value := range siblings {
		s, err := decoder.Decode(key, value)
		switch {
		case err != nil:
			t.opts.Logger.ErrorContext(ctx, "timak: a sibling is unreadable", "key", key, "error", err)
			corrupt = errors.Join(corrupt, err)
		case i == 0:
			merged = s
		default:
			merged.Absorb(s)
		}
	}
	return merged, corrupt
}

// visible returns the entries that a reader sees of s, in order.
func (t *Timelines) visible(s *state.State) []state.Entry {
	entries := s.Visible(t.order())
	return entries[:min(len(entries), t.opts.MaxItems)]
}

func (t *Timelines) order() state.Order { return state.Order(t.opts.Order) }
