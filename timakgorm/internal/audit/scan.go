package audit

import (
	"context"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// scan looks for the row of an item whose id is not a table and primary key: among the
// rows that could have the id, and in all of the outbox's changes of their table, as
// any row may have had it before.
type scan struct {
	suspect *suspect
	table   *dialect.Table
	where   string
	args    []any
}

// scan reads the rows first and the outbox afterwards: a change committed in between is
// still in the outbox, or has reached the timeline.
func (a *Audit) scan(ctx context.Context, c contents, scans []scan, waiting map[*suspect]bool) error {
	if len(scans) == 0 {
		return nil
	}
	byTable := map[*dialect.Table]map[model.Place][]*suspect{}
	for _, s := range scans {
		err := a.rowsOf(ctx, c, s.table, s.where, s.args, func(r row) error {
			s.suspect.learn(r.table, r.key, "", r.places)
			return nil
		})
		if err != nil && !dialect.Unreadable(err) { // no row can have an unreadable id
			return err
		}
		if byTable[s.table] == nil {
			byTable[s.table] = map[model.Place][]*suspect{}
		}
		byTable[s.table][s.suspect.at] = append(byTable[s.table][s.suspect.at], s.suspect)
	}
	o, err := a.relay.Outbox()
	if err != nil {
		return err
	}
	for t, suspects := range byTable {
		err := o.EachImage(ctx, t, func(image *string) {
			places, _ := c.places(t, image)
			for _, at := range places {
				for _, s := range suspects[at.Place()] {
					waiting[s] = true
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
