package audience

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Copy is what a timeline is to do about a source.
type Copy struct {
	Remove timak.Op // of the source, before Ops; only of Settle
	Ops    []timak.Op
	Max    int // of the timeline; 0: the engine's

	// Live says that the timeline subscribes to the source.
	Live  bool
	Bytes int // of the items

	items map[string]timak.Item // that the ops put, by id
	floor timak.Place           // to which they raise the floor
}

// Settle says what a timeline has to do about a source of which a subscription has
// changed, whatever the change was. version was drawn after the change was committed. The
// timeline removes the source with that version, and puts what the source has if there is
// a subscription now.
//
// Even a new subscription removes the source first. The timeline may have got an item
// from a relay that was so slow that the item has left the source since.
//
// The removal also takes what others put there between the look and the removal. So when
// the timeline has the ops, those of Missed must follow, if it was live. If it was not, a
// subscription that others put for began after the look: its own change is relayed with a
// higher version.
func (a *Audiences) Settle(ctx context.Context, db *sql.DB, change model.Subscribed, version int64, timelines *timak.Timelines) (c Copy, err error) {
	remove := timak.RemoveSource(change.Source).WithVersion(version)
	if err := timelines.Check(change.Key, remove); err != nil {
		return c, err
	}
	c, err = a.Missed(ctx, db, change, timelines, Copy{})
	c.Remove = remove
	return c, err
}

// Missed says what the timeline has to put after the ops of Settle.
func (a *Audiences) Missed(ctx context.Context, db *sql.DB, change model.Subscribed, timelines *timak.Timelines, settled Copy) (c Copy, err error) {
	d := a.named(change.Audience).subscribers[0].Table.Dialect
	err = looking(ctx, db, d, func(l *look) error {
		c, err = a.copied(ctx, l, change, timelines, settled)
		return err
	})
	return c, err
}

// copied returns puts for what a timeline subscribes to, except what it has been told
// already. Rows that are over a limit are left out: their own changes are dead letters.
func (a *Audiences) copied(ctx context.Context, l *look, change model.Subscribed, timelines *timak.Timelines, known Copy) (c Copy, err error) {
	source := Source{change.Audience, change.Source}
	now, live, err := a.live(ctx, l, change.Key, source)
	if err != nil || !live {
		return Copy{Max: change.Max}, err
	}
	wanted := now.CopyOf(timelines.MaxItems())
	items, err := a.rows(ctx, l, source, timelines.Order(), wanted)
	if err != nil {
		return c, err
	}
	c = Copy{Max: now.Max, Live: true, items: map[string]timak.Item{}}
	if len(items) == wanted { // there may be more
		c.floor = lastPlace(change.Key, items, timelines)
		if c.floor != known.floor {
			c.Ops = append(c.Ops, timak.RaiseFloor(c.floor))
		}
	}
	for _, item := range items {
		op := timak.Put(item).WithVersion(l.version + 1)
		if c.items[item.ID] = item; !known.has(item) && timelines.Check(change.Key, op) == nil {
			c.Ops = append(c.Ops, op)
			c.Bytes += len(item.ID) + len(item.Data)
		}
	}
	return c, nil
}

// lastPlace returns the place of the last of some items that a timeline can take. If it can
// take none, it is one before all of them.
func lastPlace(key string, items []timak.Item, timelines *timak.Timelines) timak.Place {
	for _, item := range slices.Backward(items) {
		if timelines.Check(key, timak.RaiseFloor(item.Place())) == nil {
			return item.Place()
		}
	}
	if timelines.Order() == timak.NewestFirst {
		return timak.Place{At: items[0].At.Add(time.Microsecond)}
	}
	return timak.Place{At: items[0].At}
}

func (c Copy) has(item timak.Item) bool {
	known, found := c.items[item.ID]
	return found && known.At.Equal(item.At) && bytes.Equal(known.Data, item.Data)
}

// Again says what a timeline has to do about one row, whose put the removal of its
// source has outweighed: nothing if the row or the subscription is gone; otherwise the
// put, with a version that is drawn while both are locked.
func (a *Audiences) Again(ctx context.Context, db *sql.DB, t *dialect.Table, key json.RawMessage, to model.Subscribed, timelines *timak.Timelines) (c Copy, err error) {
	err = looking(ctx, db, t.Dialect, func(l *look) error {
		c, err = a.again(ctx, l, t, key, to, timelines)
		return err
	})
	return c, err
}

func (a *Audiences) again(ctx context.Context, l *look, t *dialect.Table, key json.RawMessage, to model.Subscribed, timelines *timak.Timelines) (c Copy, err error) {
	image, err := l.row(ctx, t, key)
	if err != nil || image == nil {
		return c, err
	}
	now, live, err := a.live(ctx, l, to.Key, Source{to.Audience, to.Source})
	if err != nil || !live {
		return c, err
	}
	if l.version, err = outbox.Draw(ctx, l.tx, t, time.Now()); err != nil {
		return c, fmt.Errorf("timakgorm: draw a version: %w", err)
	}
	c.Max = now.Max
	for _, item := range published(t, image, Source{to.Audience, to.Source}) {
		if op := timak.Put(item).WithVersion(l.version + 1); timelines.Check(to.Key, op) == nil { // else its latest change is a dead letter
			c.Ops = append(c.Ops, op)
		}
	}
	return c, nil
}

// row returns the image of a row; nil if the row is not there.
func (l *look) row(ctx context.Context, t *dialect.Table, key json.RawMessage) (image *string, err error) {
	condition, arg := t.SQL.Among([]dialect.Change{{Key: key}})
	query := fmt.Sprintf("SELECT "+l.dialect.Text+" FROM %s WHERE %s", t.SQL.AnyImage, t.SQL.From, condition)
	err = l.tx.QueryRowContext(ctx, l.dialect.Bind(query)+l.share(), arg).Scan(&image)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return image, reading("a row", t, err)
}
