package heal

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/beyond"
)

// ops returns what the timeline of a key has to put from its floor on, limit items or all
// that there are, and the Heal that follows; nothing if the floor must stay. moment was
// drawn before. It says how many rows it has read to find these: where the database does
// not order them, all.
//
// Rows are found by a plain read, whose snapshot is later than the moment: what it does not
// see is relayed later, with a later moment. Those that are found are read again under
// share locks, so that each put has a version above every change that its row has had, and
// below every one that it gets. Then, after the version was drawn, the timeline's sources are
// read: a source that goes is removed with a higher version.
func (h *Healer) ops(ctx context.Context, db *sql.DB, key string, entries timak.Entries, limit int, moment int64) (ops []timak.Op, rows int, err error) {
	floor, _ := entries.Floor()
	asked := timak.Range{From: timak.Bound{Place: floor}, Limit: limit + 1} // one more tells where the floor is to be
	found, rows, err := h.beyond.Find(ctx, db, key, h.timelines.Order(), asked)
	if err != nil {
		return nil, rows, err
	}
	some, to := h.first(found, entries, limit)
	if to != nil && !h.timelines.Order().Before(at(floor), at(*to)) { // dates of rows are more precise than a timeline's
		return nil, rows, nil
	}
	puts, err := h.puts(ctx, db, key, some)
	if err != nil {
		return nil, rows, fmt.Errorf("timakgorm: fill up a timeline: %w", err)
	}
	return append(puts, timak.Heal(floor, to, moment)), rows, nil
}

// at returns an item at a place.
func at(p timak.Place) timak.Item { return timak.Item{ID: p.ID, At: p.At} }

// first returns the rows of the first items, at most limit, and the place of the row that
// follows; nil if there is none. An item that the timeline shows before its floor, because
// of another row with another date, stays where it is: the rows end before it.
func (h *Healer) first(found []*beyond.Found, entries timak.Entries, limit int) (some []beyond.Row, to *timak.Place) {
	order, shown, items := h.timelines.Order(), map[string]bool{}, map[string]bool{}
	for _, e := range entries.Live() {
		shown[e.ID] = shown[e.ID] || !entries.Lacks(e.Place())
	}
	for _, one := range found {
		for _, row := range one.Rows {
			if entries.Lacks(row.Item.Place()) {
				some = append(some, row)
			}
		}
	}
	slices.SortStableFunc(some, func(a, b beyond.Row) int {
		switch {
		case order.Before(a.Item, b.Item):
			return -1
		case order.Before(b.Item, a.Item):
			return 1
		default:
			return 0
		}
	})
	for n, row := range some {
		items[row.Item.ID] = true
		if shown[row.Item.ID] || len(items) > limit {
			next := row.Item.Place()
			return some[:n], &next
		}
	}
	return some, nil
}

// puts returns puts of what the rows that were found have on the timeline now.
func (h *Healer) puts(ctx context.Context, db *sql.DB, key string, some []beyond.Row) (ops []timak.Op, err error) {
	rows, err := rowsOf(some)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	images, version, err := audience.Fresh(ctx, db, rows)
	if err != nil {
		return nil, err
	}
	feed, err := h.audiences.Feed(ctx, db, key)
	if err != nil {
		return nil, err
	}
	subscribes := func(name, source string) bool {
		_, live := feed[audience.Source{Audience: name, Text: source}]
		return live
	}
	for _, image := range images {
		m := image.Table.Model
		places, _ := m.PlacesIn(image.Text, key) // what cannot be placed is a dead letter of its own change
		published, _ := m.PublishedTo(image.Text, key, subscribes)
		for _, at := range append(places, published...) {
			if op := timak.Put(at.Item).WithVersion(version + 1); h.timelines.Check(key, op) == nil {
				ops = append(ops, op)
			}
		}
	}
	return ops, nil
}

// rowsOf returns the rows, each once.
func rowsOf(some []beyond.Row) (rows []audience.Row, err error) {
	seen := map[audience.Row]bool{}
	for _, one := range some {
		key, err := one.Table.Model.KeyIn(*one.Text)
		if err != nil {
			return nil, err
		}
		text, err := key.Text()
		if err != nil {
			return nil, err
		}
		row := audience.Row{Table: one.Table, Key: string(text)}
		if !seen[row] {
			rows = append(rows, row)
		}
		seen[row] = true
	}
	return rows, nil
}
