package audit

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// suspect is an entry that differed from its row at first look. The timeline and the
// tables were not read at the same moment, so it may be innocent: Audit.judge finds
// out.
type suspect struct {
	at   model.Place
	kind Kind

	// table and row are the entry's row; nil and empty if it is unknown.
	table *dialect.Table
	row   string // primary key, a JSON object

	audience string // by which the row is on the timeline of a subscriber

	pk        string       // primary key of row, as the outbox has it
	want      *timak.Item  // what the row puts there; nil: nothing
	got       *timak.Entry // the live entry; nil: none
	version   int64        // the entry's version on the timeline
	unsettled bool
	ahead     bool // version is higher than Rebuild exceeds
}

// comparison goes through the rows of one key and notes how the timeline differs. It
// holds about as many rows as fit on the timeline.
type comparison struct {
	key      string
	order    timak.Order
	capacity int
	entries  timak.Entries
	refill   bool                        // what the timeline may lack is missing, too
	unseen   map[model.Place]timak.Entry // live entries for which no row was read yet
	suspects []*suspect
	top      []ranked    // the first rows in order, and some more
	dropped  *timak.Item // the first of the rows that do not fit
	rows     int64
	progress func(rows int64) error

	// check returns why a timeline cannot take an item; nil if it can.
	check       func(at model.Placement) error
	unplaceable unplaceables
}

// ranked is a row's item, to be sorted, with those of its entries that the timeline
// lacks.
type ranked struct {
	item    timak.Item
	missing []*suspect
}

// compare compares the entries of a key with its rows.
func (a *Audit) compare(ctx context.Context, c contents, entries timak.Entries, n *comparison) error {
	n.order, n.capacity, n.entries, n.check = a.timelines.Order(), c.least, entries, a.check
	n.unseen = map[model.Place]timak.Entry{}
	for _, entry := range entries.Live() {
		n.unseen[model.Place{Key: c.key, ID: entry.ID, Source: entry.Source}] = entry
	}
	if err := a.rows(ctx, c, n.row); err != nil {
		return err
	}
	n.cut()
	for _, r := range n.top {
		for _, s := range r.missing {
			if n.refill || !n.entries.Lacks(s.want.Place()) {
				n.suspects = append(n.suspects, s)
			}
		}
	}
	for at, entry := range n.unseen {
		n.suspects = append(n.suspects, &suspect{at: at, kind: Extra, got: &entry})
	}
	slices.SortFunc(n.suspects, func(a, b *suspect) int {
		return cmp.Or(strings.Compare(a.at.ID, b.at.ID), strings.Compare(a.at.Source, b.at.Source))
	})
	return nil
}

// check returns an error if something of an item is over a limit of its timeline.
func (a *Audit) check(at model.Placement) error { return a.timelines.Check(at.Key, timak.Put(at.Item)) }

// row compares one row. Its entries with the same id have the same version, so the
// latest date decides where the item is.
func (n *comparison) row(r row) error {
	n.rows++
	if r.reason != nil {
		n.unplaceable.add(unplaceable(r.table, r.key, n.key, r.reason))
	}
	r.places = n.placeable(r)
	for len(r.places) > 0 { // once for each id
		first := ranked{item: r.places[0].Item}
		var others []model.Placement
		for _, at := range r.places {
			if at.Item.ID != first.item.ID {
				others = append(others, at)
				continue
			}
			if at.Item.At.After(first.item.At) {
				first.item = at.Item
			}
			if s := n.entry(r, at); s != nil {
				first.missing = append(first.missing, s)
			}
		}
		n.top = append(n.top, first)
		r.places = others
	}
	if len(n.top) >= 2*n.capacity+1000 {
		n.cut()
	}
	return n.progress(n.rows)
}

// placeable returns the places of a row that its timeline can take. An older item in a
// place that it cannot take stays on the timeline, as the relay leaves it there.
func (n *comparison) placeable(r row) []model.Placement {
	return slices.DeleteFunc(r.places, func(at model.Placement) bool {
		reason := n.check(at)
		if reason == nil {
			return false
		}
		d := unplaceable(r.table, r.key, at.Key, reason)
		d.ID, d.Source, d.Want = at.Item.ID, at.Item.Source, &at.Item
		if entry, live := n.entries.Find(at.Item.ID, at.Item.Source); live {
			d.Got = &entry.Item
		}
		delete(n.unseen, at.Place())
		n.unplaceable.add(d)
		return true
	})
}

// entry compares one entry of a row. It returns a missing one, as only the rank of its
// item tells whether it should be on the timeline.
func (n *comparison) entry(r row, at model.Placement) (missing *suspect) {
	s := &suspect{at: at.Place(), table: r.table, row: r.key, audience: at.Audience, want: &at.Item}
	delete(n.unseen, s.at)
	if entry, live := n.entries.Find(s.at.ID, s.at.Source); live {
		s.got = &entry
	}
	switch s.kind = kindOfDifference(s.want, s.got); s.kind {
	case 0:
		return nil
	case Missing:
		return s
	default:
		n.suspects = append(n.suspects, s)
		return nil
	}
}

// cut sorts the rows and keeps those that fit on the timeline. Several that put one item take
// up the room of one.
func (n *comparison) cut() {
	slices.SortFunc(n.top, func(a, b ranked) int {
		switch {
		case n.order.Before(a.item, b.item):
			return -1
		case n.order.Before(b.item, a.item):
			return 1
		default:
			return 0
		}
	})
	n.top = together(n.top)
	kept := min(len(n.top), n.capacity)
	if kept < len(n.top) && (n.dropped == nil || n.order.Before(n.top[kept].item, *n.dropped)) {
		dropped := n.top[kept].item
		n.dropped = &dropped
	}
	clear(n.top[kept:])
	n.top = n.top[:kept]
}

// together makes one of sorted rows that put one item, in the place of the first. An entry
// that is missing is missing once.
func together(sorted []ranked) []ranked {
	all, places := sorted[:0], make(map[string]int, len(sorted))
	for _, next := range sorted {
		at, known := places[next.item.ID]
		if !known {
			places[next.item.ID] = len(all)
			all = append(all, next)
			continue
		}
		for _, s := range next.missing {
			if !slices.ContainsFunc(all[at].missing, func(other *suspect) bool { return other.at == s.at }) {
				all[at].missing = append(all[at].missing, s)
			}
		}
	}
	return all
}
