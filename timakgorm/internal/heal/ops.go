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

// ops returns what the timeline of a key has to put from its floor on: limit items, or all
// that there are, and the Heal that follows them. moment was drawn before. It says how many
// rows it has read to find these: where the database does not order them, all.
//
// Rows are found by a plain read, whose snapshot is later than the moment: what it does not
// see is relayed later, with a later moment. Those that are found are read again under
// share locks, so that each put has a version above every change that its row has had, and
// below every one that it gets. Then, after the version was drawn, the timeline's sources are
// read: a source that goes is removed with a higher version.
func (h *Healer) ops(ctx context.Context, db *sql.DB, key string, floor timak.Place, limit int, moment int64) (ops []timak.Op, rows int, err error) {
	order := h.timelines.Order()
	asked := timak.Range{From: timak.Bound{Place: floor}, Limit: limit + 1} // one more tells where the floor is to be
	found, rows, err := h.beyond.Find(ctx, db, key, order, asked)
	if err != nil {
		return nil, rows, err
	}
	found = slices.DeleteFunc(found, func(one *beyond.Found) bool { return !asked.Has(order, one.Item) })
	slices.SortFunc(found, func(a, b *beyond.Found) int {
		if order.Before(a.Item, b.Item) {
			return -1
		}
		return 1
	})
	var to *timak.Place
	if len(found) > limit {
		next := found[limit].Item.Place()
		found, to = found[:limit], &next
	}
	puts, err := h.puts(ctx, db, key, found)
	if err != nil {
		return nil, rows, fmt.Errorf("timakgorm: fill up a timeline: %w", err)
	}
	return append(puts, timak.Heal(floor, to, moment)), rows, nil
}

// puts returns puts of what the rows that were found have on the timeline now.
func (h *Healer) puts(ctx context.Context, db *sql.DB, key string, found []*beyond.Found) (ops []timak.Op, err error) {
	rows, err := rowsOf(found)
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

// rowsOf returns the rows that items come from, each once.
func rowsOf(found []*beyond.Found) (rows []audience.Row, err error) {
	seen := map[audience.Row]bool{}
	for _, one := range found {
		for _, image := range one.Rows {
			key, err := image.Table.Model.KeyIn(*image.Text)
			if err != nil {
				return nil, err
			}
			text, err := key.Text()
			if err != nil {
				return nil, err
			}
			row := audience.Row{Table: image.Table, Key: string(text)}
			if !seen[row] {
				rows = append(rows, row)
			}
			seen[row] = true
		}
	}
	return rows, nil
}
