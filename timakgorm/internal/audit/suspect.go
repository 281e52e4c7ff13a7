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

// suspect is an entry that a first look found different from its row. The look
// at the timeline and the look at the tables are not of one moment, so it may
// be innocent: a judgement (judge.go) tells.
type suspect struct {
	at   model.Place
	kind Kind

	// table and row are the row that the entry is of; none where it is unknown.
	table *dialect.Table
	row   string // primary key, a JSON object

	pk        string // of row, as the outbox has it
	want      *timak.Item
	got       *timak.Entry
	version   int64 // that the timeline knows of the entry
	unsettled bool
	ahead     bool // version is higher than Rebuild follows
}

// comparison goes through the rows of one key and notes what the timeline has
// otherwise. It holds no more of the rows than fit on the timeline.
type comparison struct {
	key      string
	order    timak.Order
	capacity int
	entries  timak.Entries
	unseen   map[model.Place]timak.Entry // live entries that no row has yet
	suspects []*suspect
	top      []ranked // the first rows in order, and some more
	rows     int64
	progress func(rows int64) error

	// check reports why a timeline takes an item from nobody.
	check       func(at model.Placement) error
	unplaceable unplaceables
}

// ranked is a row's item with its place in the order, and those of its entries
// that the timeline lacks.
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
		n.suspects = append(n.suspects, r.missing...)
	}
	for at, entry := range n.unseen {
		n.suspects = append(n.suspects, &suspect{at: at, kind: Extra, got: &entry})
	}
	slices.SortFunc(n.suspects, func(a, b *suspect) int {
		return cmp.Or(strings.Compare(a.at.ID, b.at.ID), strings.Compare(a.at.Source, b.at.Source))
	})
	return nil
}

// check reports why a timeline takes an item from nobody: something of it is over
// a limit.
func (a *Audit) check(at model.Placement) error { return a.timelines.Check(at.Key, timak.Put(at.Item)) }

// row compares one row. Its entries of one id have the same version, so the
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

// placeable returns those places of a row that its timeline can take. What the
// timeline has in another from before is left there, as the relay leaves it.
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

// entry compares one entry of a row, and returns it if it is missing, as only
// its rank tells whether it should not be.
func (n *comparison) entry(r row, at model.Placement) (missing *suspect) {
	s := &suspect{at: at.Place(), table: r.table, row: r.key, want: &at.Item}
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

// cut leaves the rows that fit on the timeline.
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
	kept := min(len(n.top), n.capacity)
	clear(n.top[kept:])
	n.top = n.top[:kept]
}
