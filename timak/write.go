package timak

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// save stores x, which was made on an object, unless that already says the same and is
// there. It returns the siblings that it knows of.
func (t *Timelines) save(ctx context.Context, key string, x *wire.Excerpt, adding *addition, on basis) (siblings [][]byte, how end, err error) {
	object := on.object
	if value, ok := adding.encode(key, x, on.there, !t.opts.Uncompressed); ok && value != nil {
		return t.add(ctx, key, value, object)
	} else if ok {
		return object.Siblings, unchanged, nil
	}
	value, err := x.Encode(key, !t.opts.Uncompressed)
	if err != nil {
		return nil, unchanged, err
	}
	siblings = [][]byte{value}
	if on.there && len(object.Siblings) == 1 && bytes.Equal(value, object.Siblings[0]) || len(object.Siblings) == 0 && x.State.Empty() {
		return siblings, unchanged, nil
	}
	token, err := t.store.Put(ctx, key, value, object.Token)
	if err != nil {
		return nil, unchanged, err
	}
	return siblings, t.wrote(key, value, driver.Object{Siblings: siblings, Token: token}), nil
}

// wrote takes note of a value that was written, after which the store has an object: nothing
// else, if there is a token.
func (t *Timelines) wrote(key string, value []byte, object driver.Object) end {
	t.counters.wrote(value)
	t.cache.keep(key, object)
	if object.Token == nil {
		return met
	}
	return alone
}

// apply carries out ops on x and trims it to its bounds. The horizon rises before
// the ops: a put that it rejects must be Stale, rather than Applied here and lost
// when merged with a sibling whose horizon is higher.
//
// An addition says nothing of other items that are trimmed. A few are left to a later change,
// which writes the timeline whole; readers do not show them.
func (t *Timelines) apply(x *wire.Excerpt, ops []Op, now int64, adding *addition) []Result {
	s := &x.State
	if s.Collect(now - t.opts.TombstoneTTL.Microseconds()) {
		adding.refuse()
	}
	results := make([]Result, 0, len(ops))
	for {
		some := ops[len(results):min(len(results)+opsATrim, len(ops))]
		for _, op := range some {
			results = append(results, t.carryOut(op, s, now, results))
		}
		trimmed := s.Trim(t.order(), t.opts.MaxItems-x.Left)
		if len(trimmed) > mostMentioned || adding.mentions(trimmed) {
			adding.refuse()
		}
		for i := range results {
			if ops[i].kind == opPut && results[i].Outcome == Applied && trimmed[ops[i].item.ID] {
				results[i].Outcome = FellOff
			}
		}
		if len(results) == len(ops) {
			s.Fold()
			t.room(x, ops, results)
			return results
		}
	}
}

// room sets the Room of ops.
func (t *Timelines) room(x *wire.Excerpt, ops []Op, results []Result) {
	floor := x.State.Floor()
	room := -1
	for i := range ops {
		if !floor.Set || !ops[i].leaves(floor) {
			continue
		}
		if room < 0 { // rarely asked for
			room = x.State.Room(t.opts.MaxItems - x.Left)
		}
		results[i].Room = room
	}
}

// leaves reports whether the op may leave fewer items before a floor.
func (o Op) leaves(floor state.Floor) bool {
	switch o.kind {
	case opRemove, opRemoveEntry, opRemoveSource:
		return true
	case opPut:
		return floor.Order.Compare(o.item.Place().position(), floor.At) >= 0
	default:
		return false
	}
}

// opsATrim is how many ops are carried out before the timeline is trimmed. Without it the
// cost of an op would grow with the number of those before it.
const opsATrim = 1024

// seen returns the highest version that s knows of the op's target.
func (o Op) seen(s *state.State) int64 {
	switch o.kind {
	case opRemove:
		return s.SeenOfItem(o.item.ID)
	case opRemoveSource:
		return s.SeenOfSource(o.item.Source)
	default:
		return s.SeenOfEntry(o.item.ID, o.item.Source)
	}
}

// carryOut carries out an op, with a version of its own if it has none. before are the
// results of the ops before it.
func (t *Timelines) carryOut(o Op, s *state.State, now int64, before []Result) Result {
	if o.version == 0 {
		o.version = max(now, o.seen(s)+1)
	}
	if o.kind == opHeal && slices.ContainsFunc(before, Result.lacking) {
		return Result{Outcome: Superseded, Version: o.version}
	}
	verdict := o.apply(s, t.order(), t.moment())
	return Result{Outcome: outcome(verdict), Version: o.version, Covered: verdict == state.Covered}
}

// lacking reports whether an item was not put, and nothing newer of it is there.
func (r Result) lacking() bool { return r.Outcome == Stale || r.Covered }

func (o Op) apply(s *state.State, order state.Order, moment int64) state.Verdict {
	switch o.kind {
	case opRemove:
		return s.Remove(o.item.ID, o.version)
	case opRemoveEntry:
		return s.RemoveEntry(o.item.ID, o.item.Source, o.version)
	case opRemoveSource:
		return s.RemoveSource(o.item.Source, o.version)
	case opRaiseFloor:
		s.RaiseFloor(order, o.item.Place().position(), moment)
		return state.Done
	case opHeal:
		return o.heal(s, order)
	default:
		return s.PutBefore(state.Entry{
			ID: o.item.ID, Source: o.item.Source, Version: o.version, Live: true,
			Date: microseconds(o.item.At), Data: state.Plain(o.item.Data),
		}, moment)
	}
}

// heal lowers the floor, if nothing keeps it.
func (o Op) heal(s *state.State, order state.Order) state.Verdict {
	var to *state.Position
	if o.to != nil {
		at := o.to.position()
		to = &at
	}
	s.Heal(order, o.item.Place().position(), to, o.version)
	floor := s.Floor()
	if floor.Set && (to == nil || order.Compare(floor.At, *to) < 0) {
		return state.Superseded
	}
	return state.Done
}

func outcome(v state.Verdict) Outcome {
	switch v {
	case state.Superseded, state.Covered:
		return Superseded
	case state.Stale:
		return Stale
	default:
		return Applied
	}
}

// checkAll returns the sentinel of the limit that the key or one of the ops
// violates.
func (t *Timelines) checkAll(key string, ops []Op) error {
	if len(key) == 0 || len(key) > MaxKeyLen {
		return fmt.Errorf("%w, got %d", ErrKey, len(key))
	}
	for _, op := range ops {
		if err := t.check(op); err != nil {
			return err
		}
	}
	return nil
}

// check returns the sentinel of the limit that the op violates, with the offending
// value.
func (t *Timelines) check(op Op) error {
	switch {
	case op.kind == opNone:
		return fmt.Errorf("%w: the zero Op; use Put, Remove, RemoveEntry, RemoveSource, RaiseFloor or Heal", ErrID)
	case op.kind != opRemoveSource && (len(op.item.ID) == 0 && !op.isPlace() || len(op.item.ID) > MaxIDLen):
		return fmt.Errorf("%w, got %d", ErrID, len(op.item.ID))
	case len(op.item.Source) > MaxSourceLen || op.kind == opRemoveSource && op.item.Source == "":
		return fmt.Errorf("%w, got %d", ErrSource, len(op.item.Source))
	case len(op.item.Data) > t.opts.MaxData:
		return fmt.Errorf("%w of %d bytes: item %q has %d", ErrData, t.opts.MaxData, op.item.ID, len(op.item.Data))
	case (op.kind == opPut || op.isPlace()) && !representable(op.item.At):
		return fmt.Errorf("%w: item %q is at %v", ErrDate, op.item.ID, op.item.At)
	case op.to != nil:
		end := op
		end.item, end.to = Item{ID: op.to.ID, At: op.to.At}, nil
		return t.check(end)
	case op.version < 0 || op.version > MaxVersion || op.kind == opHeal && op.version == 0:
		return fmt.Errorf("%w, got %d", ErrVersion, op.version)
	default:
		return nil
	}
}

// isPlace reports whether the op is about a place, and no item.
func (o Op) isPlace() bool { return o.kind == opRaiseFloor || o.kind == opHeal }

func microseconds(at time.Time) int64 { return at.UnixMicro() }

// representable reports whether a date survives the conversion to microseconds and
// back.
func representable(at time.Time) bool {
	return time.UnixMicro(at.UnixMicro()).Unix() == at.Unix()
}

// clone copies the caller's bytes; nil if there are none.
func clone(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return bytes.Clone(data)
}
