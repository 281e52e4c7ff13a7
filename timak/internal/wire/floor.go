package wire

import "github.com/timak-go/timak/timak/internal/state"

// The flags of a head.
const (
	flagShared = 1 << iota
	flagNewestFirst
	flagOldestFirst
	flagMoments
)

// flags returns the flags of a head. A timeline of which no moment was ever said has
// nothing but a floor.
func (h *head) flags() (flags uint64) {
	if h.shared {
		flags |= flagShared
	}
	if len(h.drops) > 0 {
		flags |= flagNewestFirst
		if h.drops[0].Order == state.OldestFirst {
			flags ^= flagNewestFirst | flagOldestFirst
		}
	}
	if h.moment != 0 || len(h.heals) > 0 || len(h.drops) > 1 || len(h.drops) == 1 && h.drops[0].Moment != 0 {
		flags |= flagMoments
	}
	return flags
}

// floor writes the flags, and what is known of missing items.
func (w *writer) floor(h *head) {
	flags := h.flags()
	w.unsigned(flags)
	if len(h.drops) > 0 {
		w.position(h.drops[0].At)
	}
	if flags&flagMoments == 0 {
		return
	}
	w.moment(h.moment)
	if len(h.drops) > 0 {
		w.moment(h.drops[0].Moment)
		w.unsigned(uint64(len(h.drops) - 1))
		for _, d := range h.drops[1:] {
			w.place(d.Order, d.At, d.Moment)
		}
	}
	w.unsigned(uint64(len(h.heals)))
	for _, heal := range h.heals {
		w.place(heal.Order, heal.From, heal.Moment)
	}
}

func (w *writer) place(order state.Order, at state.Position, moment int64) {
	w.unsigned(uint64(order))
	w.position(at)
	w.moment(moment)
}

func (w *writer) position(at state.Position) {
	w.signed(at.Date)
	w.text(at.ID)
}

// moment writes a moment, from 1; 0 is an unknown one.
func (w *writer) moment(m int64) {
	if m == state.Unknown {
		m = -1
	}
	w.unsigned(uint64(m + 1))
}

// floor reads what writer.floor writes.
func (r *reader) floor(h *head) {
	flags := r.unsigned()
	moments := flags&flagMoments != 0
	if flags &^= flagMoments; flags > flagShared|flagOldestFirst {
		r.fail("flags")
		return
	}
	h.shared = flags&flagShared != 0
	if flags&^flagShared != 0 {
		first := state.Drop{At: r.position()}
		if flags&flagOldestFirst != 0 {
			first.Order = state.OldestFirst
		}
		h.drops = []state.Drop{first}
	}
	if moments {
		r.moments(h)
	}
}

// The fewest bytes that a drop or a heal takes, and how many of them a value has at most. An
// engine writes one of each order, and merging keeps those of siblings apart.
const (
	minPlace   = 4
	mostPlaces = 64
)

// places reads a count of drops or heals.
func (r *reader) places() int {
	n := r.count(minPlace)
	if n > mostPlaces {
		r.fail("drops or heals")
		return 0
	}
	return n
}

func (r *reader) moments(h *head) {
	h.moment = r.moment()
	if len(h.drops) > 0 {
		h.drops[0].Moment = r.moment()
		for range r.places() {
			var d state.Drop
			d.Order, d.At, d.Moment = r.place()
			h.drops = append(h.drops, d)
		}
	}
	for range r.places() {
		var heal state.Heal
		heal.Order, heal.From, heal.Moment = r.place()
		h.heals = append(h.heals, heal)
	}
}

func (r *reader) place() (order state.Order, at state.Position, moment int64) {
	if r.flag() {
		order = state.OldestFirst
	}
	return order, r.position(), r.moment()
}

func (r *reader) position() (at state.Position) {
	at.Date = r.signed()
	if at.ID = r.text(); len(at.ID) > maxName {
		r.fail("name")
	}
	return at
}

func (r *reader) moment() int64 {
	m := r.unsigned()
	if m > state.Unknown {
		r.fail("moment")
		return 0
	}
	if m == 0 {
		return state.Unknown
	}
	return int64(m - 1)
}
