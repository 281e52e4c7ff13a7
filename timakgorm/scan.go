package timakgorm

import (
	"context"
	"errors"
	"fmt"
)

// scan looks for the row behind an item whose id is not its table and primary
// key: among the rows that could have it, and among the changes that wait, of
// any row, as one of them may have had it.
type scan struct {
	suspect *suspect
	part    part
	where   string
	args    []any
}

// scan looks at the rows first and at the outbox then: a change that is
// committed in between is seen there, or has reached the timeline.
func (p *Plugin) scan(ctx context.Context, c contents, scans []scan, waiting map[*suspect]bool) error {
	if len(scans) == 0 {
		return nil
	}
	byTable := map[*table]map[place][]*suspect{}
	for _, s := range scans {
		err := p.rowsOf(ctx, s.part, c.key, s.where, s.args, func(r row) error {
			s.suspect.learn(r.table, r.key, "", r.places)
			return nil
		})
		if err != nil && !unreadable(err) { // then the item's id is of no row
			return fmt.Errorf("timakgorm: read %s: %w", s.part.table.model.table, err)
		}
		if byTable[s.part.table] == nil {
			byTable[s.part.table] = map[place][]*suspect{}
		}
		byTable[s.part.table][s.suspect.at] = append(byTable[s.part.table][s.suspect.at], s.suspect)
	}
	for t, suspects := range byTable {
		err := p.pendingPlaces(ctx, t, c.key, func(at place) {
			for _, s := range suspects[at] {
				waiting[s] = true
			}
		})
		if err != nil {
			return fmt.Errorf("timakgorm: read outbox: %w", err)
		}
	}
	return nil
}

// pendingPlaces calls each with every place on a timeline that a waiting change
// of a table puts something in, or takes something from.
func (p *Plugin) pendingPlaces(ctx context.Context, t *table, key string, each func(place)) (err error) {
	o, err := p.outbox()
	if err != nil {
		return err
	}
	found, err := o.db.QueryContext(ctx, t.dialect.bind("SELECT old, new FROM timak_outbox WHERE tbl = ?"), t.model.table)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var images [2]*string
		if err := found.Scan(&images[0], &images[1]); err != nil {
			return err
		}
		for _, image := range images {
			places, _ := t.model.placesIn(image, key)
			for _, at := range places {
				each(at.place())
			}
		}
	}
	return found.Err()
}
