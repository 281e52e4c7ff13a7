package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// found is what a store has under a key.
type found struct {
	key      string
	siblings []sibling
	state    state.State // the merge of those that can be read
}

// sibling is one value of a key.
type sibling struct {
	kind  string
	size  int // bytes
	state state.State
	err   error // why it cannot be read
}

func look(key string, object driver.Object) found {
	f := found{key: key}
	merged := false
	for _, value := range object.Siblings {
		s, err := wire.Decode(key, value)
		for i := range s.Entries {
			if err == nil {
				_, err = s.Entries[i].Data.Bytes()
			}
		}
		kind := kindSibling
		if wire.IsAddition(value) {
			kind = kindAddition
		}
		f.siblings = append(f.siblings, sibling{kind: kind, size: len(value), state: s.Clone(), err: err})
		switch {
		case err != nil:
		case merged:
			f.state.Absorb(s)
		default:
			f.state, merged = s, true
		}
	}
	return f
}

// err says which siblings cannot be read.
func (f found) err() (all error) {
	for i, s := range f.siblings {
		if s.err != nil {
			all = errors.Join(all, fmt.Errorf("sibling %d of %s: %w", i+1, shownKey(f.key), s.err))
		}
	}
	return all
}

// The kinds of what is stored, in -entries.
const (
	kindTimeline      = "timeline"
	kindSibling       = "sibling"
	kindAddition      = "addition"
	kindEntry         = "entry"
	kindRemovedEntry  = "removed entry"
	kindRemovedItem   = "removed item"
	kindRemovedSource = "removed source"
)

// object is something stored, in JSON and in a table.
type object struct {
	Kind    string `json:"kind"`
	Key     text   `json:"key,omitempty"`
	ID      text   `json:"id,omitempty"`
	Source  text   `json:"source,omitempty"`
	At      string `json:"at,omitempty"`
	Version int64  `json:"version,omitempty"` // microseconds since 1970
	Data    text   `json:"data,omitempty"`
	Bytes   int    `json:"bytes,omitempty"` // of a sibling as stored, or of data

	Siblings   int          `json:"siblings,omitempty"`
	Additions  int          `json:"additions,omitempty"`
	Entries    int          `json:"entries,omitempty"`
	Tombstones int          `json:"tombstones,omitempty"`
	Horizon    int64        `json:"horizon,omitempty"` // microseconds since 1970
	Floor      *floorObject `json:"floor,omitempty"`
	Error      string       `json:"error,omitempty"`
}

// floorObject is a floor: at and after it, in this order, items may be missing.
type floorObject struct {
	Order string `json:"order"`
	At    string `json:"at"`
	ID    text   `json:"id"`
}

// objects returns all that is stored.
func (f found) objects() (all []any) {
	sum := summary(kindTimeline, &f.state)
	sum.Key = text(f.key)
	sum.Siblings, sum.Additions = f.counts()
	all = append(all, sum)
	for _, s := range f.siblings {
		o := summary(s.kind, &s.state)
		o.Bytes = s.size
		if s.err != nil {
			o.Error = s.err.Error()
		}
		all = append(all, o)
	}
	for _, o := range f.registers() {
		all = append(all, o)
	}
	return all
}

// counts returns how many siblings there are, and how many that only add to another.
func (f found) counts() (siblings, additions int) {
	for _, s := range f.siblings {
		if s.kind == kindAddition {
			additions++
		}
	}
	return len(f.siblings) - additions, additions
}

func summary(kind string, s *state.State) object {
	o := object{
		Kind: kind, Entries: len(s.Live()), Tombstones: len(s.Dead()) + len(s.Items) + len(s.Sources), Horizon: s.Horizon,
	}
	if floor := s.Floor(); floor.Set {
		o.Floor = &floorObject{Order: orderName(floor.Order), At: date(floor.At.Date), ID: text(floor.At.ID)}
	}
	return o
}

func orderName(order state.Order) string {
	if order == state.OldestFirst {
		return "oldest first"
	}
	return "newest first"
}

// registers returns the entries and tombstones.
func (f found) registers() (all []object) {
	for _, e := range f.state.Live() {
		item := itemOf(&e)
		all = append(all, object{
			Kind: kindEntry, ID: item.ID, Source: item.Source, At: item.At, Version: e.Version, Data: item.Data, Bytes: e.Data.Len(),
		})
	}
	for _, e := range f.state.Dead() {
		all = append(all, object{Kind: kindRemovedEntry, ID: text(e.ID), Source: text(e.Source), Version: e.Version})
	}
	for _, c := range f.state.Items {
		all = append(all, object{Kind: kindRemovedItem, ID: text(c.Name), Version: c.Version})
	}
	for _, c := range f.state.Sources {
		all = append(all, object{Kind: kindRemovedSource, Source: text(c.Name), Version: c.Version})
	}
	return all
}

// print prints all that is stored for people.
func (f found) print(out io.Writer) error {
	p := printer{to: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	siblings, additions := f.counts()
	stored := count(siblings, "sibling")
	if additions > 0 {
		stored += ", " + count(additions, "addition")
	}
	p.line("timeline %s: %s, %s", shownKey(f.key), stored, contents(&f.state))
	for i, s := range f.siblings {
		if s.err != nil {
			p.line("%s %d: %s, %v", s.kind, i+1, count(s.size, "byte"), s.err)
			continue
		}
		p.line("%s %d: %s, %s", s.kind, i+1, count(s.size, "byte"), contents(&s.state))
	}
	if h := f.state.Horizon; h > 0 {
		p.line("horizon: %d, which is %s", h, date(h))
	}
	if floor := f.state.Floor(); floor.Set {
		p.line("floor: %s %s, %s", date(floor.At.Date), shown(floor.At.ID), orderName(floor.Order))
	}
	p.line("\nkind\tid\tsource\tdate\tversion\tdata")
	for _, o := range f.registers() {
		p.line("%s\t%s\t%s\t%s\t%d\t%s", o.Kind, optional(string(o.ID)), optional(string(o.Source)), cmp.Or(o.At, "-"), o.Version, sizeOf(o))
	}
	return errors.Join(p.err, p.to.Flush())
}

func contents(s *state.State) string {
	o := summary("", s)
	if o.Entries == 1 {
		return "1 entry, " + count(o.Tombstones, "tombstone")
	}
	return fmt.Sprintf("%d entries, %s", o.Entries, count(o.Tombstones, "tombstone"))
}

func sizeOf(o object) string {
	if o.Bytes == 0 {
		return "-"
	}
	return count(o.Bytes, "byte")
}

// printer remembers the first error of what it writes to.
type printer struct {
	to  *tabwriter.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.to, format+"\n", args...)
	}
}
