package audience

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// rows returns the items of a source that come first in an order, at most limit. Their
// rows are locked against writers when the look draws its version. So an edit or a delete
// that is under way has committed before, or draws a higher version.
func (a *Audiences) rows(ctx context.Context, l *look, s Source, order timak.Order, limit int) (items []timak.Item, err error) {
	publishers := a.named(s.Audience).publishers
	for _, p := range publishers {
		found, err := p.rows(ctx, l, s, order, limit)
		if err != nil {
			return nil, reading("publications", p.Table, err)
		}
		items = append(items, found...)
	}
	l.version, err = outbox.Draw(ctx, l.tx, publishers[0].Table, time.Now())
	return firstOf(items, order, limit), err
}

// published returns the items that an image publishes with a source, each once. By several
// rules it may be there with several ids.
func published(t *dialect.Table, image *string, s Source) (items []timak.Item) {
	only := func(audience, source string) bool { return audience == s.Audience && source == s.Text }
	places, _ := t.Model.PublishedTo(image, "", only)
	for _, at := range places {
		items = append(items, at.Item)
	}
	return items
}

// firstOf sorts items, and returns those that come first, each id once: several rows, or
// several rules, may have the same.
func firstOf(items []timak.Item, order timak.Order, limit int) []timak.Item {
	slices.SortFunc(items, func(a, b timak.Item) int {
		switch {
		case order.Before(a, b):
			return -1
		case order.Before(b, a):
			return 1
		default:
			return 0
		}
	})
	seen := make(map[string]bool, len(items))
	items = slices.DeleteFunc(items, func(item timak.Item) bool {
		again := seen[item.ID]
		seen[item.ID] = true
		return again
	})
	return items[:min(limit, len(items))]
}

// rows returns the items of one rule that come first.
func (p Publisher) rows(ctx context.Context, l *look, s Source, order timak.Order, limit int) ([]timak.Item, error) {
	where, args, may := p.Table.Matching(p.Rule.Source, s.Text)
	if !may {
		return nil, nil
	}
	conditions, ordered, err := p.Table.Publishing(ctx, l.tx, p.Rule)
	if err != nil {
		return nil, err
	}
	if !ordered {
		return p.all(ctx, l, s, where, args, order, limit)
	}
	where = strings.Join(append([]string{where}, conditions...), " AND ")
	for wanted := limit; ; wanted *= 4 { // some rows may publish nothing
		found, err := p.choose(ctx, l, s, where, args, order, wanted)
		if err != nil || found.chosen < wanted || found.published >= limit {
			return found.items, err
		}
	}
}

// all reads all rows of a source, and keeps the items that come first.
func (p Publisher) all(ctx context.Context, l *look, s Source, where string, args []any, order timak.Order, limit int) (items []timak.Item, err error) {
	t := p.Table
	keys := strings.Join(dialect.Columns(t.Model.Keys, t.SQL.Column), ", ")
	query := fmt.Sprintf("SELECT "+t.Dialect.Text+" FROM %s WHERE %s ORDER BY %s", t.SQL.AnyImage, t.SQL.From, where, keys)
	err = l.each(ctx, query+l.share(), args, func(found *sql.Rows) error {
		var image *string
		if err := found.Scan(&image); err != nil {
			return err
		}
		items = append(items, published(t, image, s)...)
		if len(items) > 2*limit+1000 {
			items = firstOf(items, order, limit)
		}
		return nil
	})
	return firstOf(items, order, limit), err
}

// choice is what rows with the first dates publish.
type choice struct {
	items     []timak.Item
	chosen    int // how many rows there are with these dates
	published int // how many items these publish by the rule
}

// choose returns what the rows with the first dates publish, at least wanted of them if
// there are as many. It locks them in the order of their primary keys, so that no two
// that lock rows wait for each other crosswise. A row that has gone meanwhile has left
// room for another: then it chooses again. If all have gone, it returns nothing: Missed,
// which looks once more, has those that come after them.
func (p Publisher) choose(ctx context.Context, l *look, s Source, where string, args []any, order timak.Order, wanted int) (c choice, err error) {
	t, query := p.Table, p.choosing(where, order)+l.share()
	for locked := -1; locked < c.chosen; {
		c, locked = choice{}, 0
		counted := map[string]bool{}
		err := l.each(ctx, query, append(slices.Clone(args), wanted), func(found *sql.Rows) error {
			var image *string
			if err := found.Scan(&image, &c.chosen); err != nil {
				return err
			}
			locked++
			if at, is := t.Model.Published(p.Rule, image, s.Text); is && !counted[at.Item.ID] {
				counted[at.Item.ID] = true
				c.published++
			}
			c.items = append(c.items, published(t, image, s)...)
			return nil
		})
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// choosing is the query for the rows that meet a condition and have the first dates. Its
// last parameter is how many.
func (p Publisher) choosing(where string, order timak.Order) string {
	t := p.Table
	keys := strings.Join(dialect.Columns(t.Model.Keys, t.SQL.Column), ", ")
	date, direction := t.SQL.Column(p.Rule.Date()), " DESC"
	if order == timak.OldestFirst {
		direction = " ASC"
	}
	return fmt.Sprintf("WITH timak_chosen AS MATERIALIZED (SELECT %s FROM %s WHERE %s ORDER BY %s%s FETCH FIRST (?) ROWS WITH TIES) "+
		"SELECT "+t.Dialect.Text+", (SELECT count(*) FROM timak_chosen) FROM %s WHERE (%s) IN (SELECT * FROM timak_chosen) ORDER BY %s",
		keys, t.SQL.From, where, date, direction, t.SQL.AnyImage, t.SQL.From, keys, keys)
}
