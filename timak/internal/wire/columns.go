package wire

import "github.com/timak-go/timak/timak/internal/state"

// The columns of a block, each as long as its entries:
//
//	ids       u: the name of all in the dictionary, from 1; then s each: the
//	          number, less the one before. Or 0; then of each, u: its name in the
//	          dictionary, from 1, and the number (s) likewise, or 0 and a text
//	sources   u: the source of all in the dictionary, from 1. Or 0; then u each
//	dates     u each but the first: how much earlier than the one before
//	versions  u: 0, then s each, less the one before; or 1, then s each, less its date
//	olders    u count; of each: place u, less the one before; version less the older, u
//	data      u: 0 if none has any; or 1, then u each: its length
//
// The dictionary of sources holds the source of every live entry, and perhaps those of
// entries that are gone.

// columnsOf writes the columns of a block.
func (w *writer) columnsOf(h *head, entries []state.Entry) {
	w.ids(h, entries)
	w.sources(h, entries)
	for i := 1; i < len(entries); i++ {
		w.unsigned(uint64(entries[i-1].Date) - uint64(entries[i].Date))
	}
	w.versions(entries)
	w.olders(entries)
	w.lengths(entries)
}

func (w *writer) ids(h *head, entries []state.Entry) {
	common := w.commonName(h, entries)
	w.unsigned(uint64(common + 1))
	var last int64
	for i := range entries {
		w.unfolded += len(entries[i].ID)
		name, number, ok := splitID(entries[i].ID)
		if common < 0 {
			place := -1
			if ok {
				place = h.nameOf(name)
			}
			w.unsigned(uint64(place + 1))
			if place < 0 {
				w.text(entries[i].ID)
				continue
			}
		}
		w.signed(number - last)
		last = number
	}
}

// commonName returns the place of the name that all ids begin with, or -1.
func (w *writer) commonName(h *head, entries []state.Entry) int {
	first, _, ok := splitID(entries[0].ID)
	if !ok {
		return -1
	}
	for i := range entries[1:] {
		if name, _, ok := splitID(entries[i+1].ID); !ok || name != first {
			return -1
		}
	}
	return h.nameOf(first)
}

// nameOf returns the place of a name, or -1 if there is no room for it.
func (h *head) nameOf(name string) int {
	place := h.names.find(name)
	if place < 0 && len(h.names.texts) < maxNames {
		place = h.names.add(name)
	}
	return place
}

func (h *head) sourceOf(source string) int {
	place := h.sources.find(source)
	if place < 0 {
		place = h.sources.add(source)
	}
	return place
}

func (w *writer) sources(h *head, entries []state.Entry) {
	common := entries[0].Source
	for i := range entries {
		if entries[i].Source != common {
			w.unsigned(0)
			for i := range entries {
				w.unsigned(uint64(h.sourceOf(entries[i].Source)))
			}
			return
		}
	}
	w.unsigned(uint64(h.sourceOf(common) + 1))
}

// versions takes the shorter of two encodings: relative to the version before, or
// to the date.
func (w *writer) versions(entries []state.Entry) {
	start := len(w.b)
	w.unsigned(0)
	w.deltas(len(entries), func(i int) int64 { return entries[i].Version })
	middle := len(w.b)
	w.unsigned(1)
	for i := range entries {
		w.signed(entries[i].Version - entries[i].Date)
	}
	if len(w.b)-middle < middle-start {
		w.b = append(w.b[:start], w.b[middle:]...)
	} else {
		w.b = w.b[:middle]
	}
}

func (w *writer) olders(entries []state.Entry) {
	n := 0
	for i := range entries {
		if entries[i].Older > 0 {
			n++
		}
	}
	w.unsigned(uint64(n))
	last := 0
	for i := range entries {
		if e := &entries[i]; e.Older > 0 {
			w.unsigned(uint64(i - last))
			w.unsigned(uint64(e.Version - e.Older))
			last = i
		}
	}
}

func (w *writer) lengths(entries []state.Entry) {
	for i := range entries {
		if entries[i].Data.Len() > 0 {
			w.unsigned(1)
			for i := range entries {
				w.unsigned(uint64(entries[i].Data.Len()))
			}
			return
		}
	}
	w.unsigned(0)
}

// columns reads a block's columns into entries; the ids go to ids.
func (r *reader) columns(h *head, b *blockHead, pack *state.Pack, entries []state.Entry, ids *spelled) {
	r.ids(h, len(entries), ids)
	r.sources(h, entries)
	date := b.date
	for i := range entries {
		if i > 0 {
			date = int64(uint64(date) - r.unsigned())
		}
		entries[i].Live, entries[i].Date = true, date
	}
	r.versions(entries)
	r.olders(entries)
	r.lengths(b, pack, entries)
	if r.err == nil && len(r.b) > 0 {
		r.fail("bytes left over in a block")
	}
}

func (r *reader) ids(h *head, n int, ids *spelled) {
	common := r.unsigned()
	var number int64
	for range n {
		name := common
		if common == 0 {
			name = r.unsigned()
		}
		switch {
		case name > uint64(len(h.names.texts)):
			r.fail("name")
			return
		case name == 0:
			text := r.take(r.count(1))
			if _, _, ok := splitID(string(text)); len(text) > maxName || ok && len(h.names.texts) < maxNames {
				r.fail("id")
			}
			ids.text(text)
		default:
			if number += r.signed(); number < 0 || number > maxNumber {
				r.fail("number of an id")
				return
			}
			ids.number(h.names.texts[name-1], number)
		}
		if len(ids.b) > maxBody {
			r.fail("ids")
			return
		}
	}
}

func (r *reader) sources(h *head, entries []state.Entry) {
	common := r.unsigned()
	for i := range entries {
		source := common - 1
		if common == 0 {
			source = r.unsigned()
		}
		if source >= uint64(len(h.sources.texts)) {
			r.fail("source")
			return
		}
		entries[i].Source = h.sources.texts[source]
	}
}

func (r *reader) versions(entries []state.Entry) {
	toDate := r.flag()
	var last int64
	for i := range entries {
		if toDate {
			last = entries[i].Date
		}
		last += r.signed()
		entries[i].Version = last
	}
}

func (r *reader) olders(entries []state.Entry) {
	place := uint64(0)
	for range r.count(2) {
		if place += r.unsigned(); place >= uint64(len(entries)) {
			r.fail("older")
			return
		}
		e := &entries[place]
		if e.Older = r.older(e.Version); r.err != nil {
			return
		}
	}
}

func (r *reader) lengths(b *blockHead, pack *state.Pack, entries []state.Entry) {
	if !r.flag() {
		if b.data > 0 {
			r.fail("data without lengths")
		}
		return
	}
	from := 0
	for i := range entries {
		to := from + r.length()
		if to > b.data {
			r.fail("length of data")
			return
		}
		entries[i].Data = pack.Data(from, to)
		from = to
	}
}
