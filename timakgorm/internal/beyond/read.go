package beyond

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Read returns the items of a key's timeline in a range of its order: at least those that
// are wanted, and perhaps others. On Postgres it reads about as many rows as are wanted
// for each rule and source, if there is an index on the columns of its template and the
// date. Where the database does not order the dates as a timeline does, as texts on SQLite,
// it reads all rows of them.
func (b *Beyond) Read(ctx context.Context, db *sql.DB, key string, order timak.Order, r timak.Range) ([]timak.Item, error) {
	l, err := b.timeline(ctx, db, key)
	if err != nil {
		return nil, err
	}
	q := &reading{timeline: l, db: db, order: order, asked: r, seen: map[string]bool{}}
	for n := range l.origins {
		one := &l.origins[n]
		if one.conditions, one.ordered, err = one.table.Publishing(ctx, db, one.rule); err != nil {
			return nil, fmt.Errorf("timakgorm: read past the end of a timeline: %w", err)
		}
	}
	for some := range slices.Chunk(l.origins, originsAtOnce) {
		if err := q.all(ctx, some, r.Limit); err != nil {
			return nil, err
		}
	}
	return q.found, nil
}

// originsAtOnce is how many origins a query asks for: SQLite joins at most 500 queries.
const originsAtOnce = 100

// reading is what one Read has found.
type reading struct {
	timeline

	db    *sql.DB
	order timak.Order
	asked timak.Range
	found []timak.Item
	seen  map[string]bool // ids of the items found
}

// all reads the rows of some origins that come first in the range: so many, and more of
// those whose rows have too few items in it.
func (q *reading) all(ctx context.Context, origins []origin, wanted int) error {
	for len(origins) > 0 {
		counts, err := q.once(ctx, origins, wanted)
		if dialect.Unreadable(err) && len(origins) > 1 { // a text that no column of one of them can have
			for _, one := range origins {
				if err := q.all(ctx, []origin{one}, wanted); err != nil {
					return err
				}
			}
			return nil
		}
		if dialect.Unreadable(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("timakgorm: read past the end of a timeline: %w", err)
		}
		var more []origin
		for n, one := range origins {
			if one.ordered && counts[n].rows >= wanted && counts[n].items < q.asked.Limit {
				more = append(more, one)
			}
		}
		origins, wanted = more, 4*wanted
	}
	return nil
}

// count is how many rows of an origin were read, and how many of them its rule puts where
// their item is, in range.
type count struct{ rows, items int }

// once runs one query for some origins.
func (q *reading) once(ctx context.Context, origins []origin, wanted int) (counts []count, err error) {
	counts = make([]count, len(origins))
	var parts []string
	var args []any
	d := origins[0].table.Dialect
	for n, one := range origins {
		part, given := q.part(n, one, wanted)
		parts, args = append(parts, part), append(args, given...)
	}
	err = dialect.EachRow(ctx, q.db, d.Bind(strings.Join(parts, " UNION ALL ")), args, func(rows *sql.Rows) error {
		var n int
		var image *string
		if err := rows.Scan(&n, &image); err != nil {
			return err
		}
		counts[n].rows++
		for _, item := range q.items(origins[n].table, image) {
			if !q.asked.Has(q.order, item) {
				continue
			}
			if origins[n].puts(image, item) {
				counts[n].items++
			}
			q.keep(item)
		}
		return nil
	})
	return counts, err
}

// keep adds an item. Once there are many more than are asked for, only those that come
// first stay, or last.
func (q *reading) keep(item timak.Item) {
	if q.seen[item.ID] {
		return
	}
	q.seen[item.ID] = true
	if q.found = append(q.found, item); len(q.found) <= 2*q.asked.Limit+1000 {
		return
	}
	slices.SortFunc(q.found, func(a, b timak.Item) int {
		if q.order.Before(a, b) != q.asked.Last {
			return -1
		}
		return 1
	})
	for _, gone := range q.found[q.asked.Limit:] {
		delete(q.seen, gone.ID)
	}
	q.found = slices.Delete(q.found, q.asked.Limit, len(q.found))
}

// part is the query for the rows of one origin.
func (q *reading) part(n int, one origin, wanted int) (part string, args []any) {
	t := one.table
	part = fmt.Sprintf("SELECT %d, "+t.Dialect.Text+" FROM %s WHERE %s", n, t.SQL.AnyImage, t.SQL.From, one.where)
	args = slices.Clone(one.args)
	if !one.ordered {
		return part, args
	}
	from, to := "<=", ">="
	direction := "DESC"
	if q.order == timak.OldestFirst {
		from, to, direction = to, from, "ASC"
	}
	if q.asked.Last {
		direction = map[string]string{"DESC": "ASC", "ASC": "DESC"}[direction]
	}
	date := t.SQL.Column(one.rule.Date())
	bound := func(compare string, at time.Time) {
		mark, value := dateOf(one.rule.Date(), at)
		part += " AND " + date + " " + compare + " " + mark
		args = append(args, value)
	}
	bound(from, q.asked.From.Place.At)
	if q.asked.To != nil {
		bound(to, q.asked.To.Place.At)
	}
	for _, condition := range one.conditions {
		part += " AND " + condition
	}
	return fmt.Sprintf("(%s ORDER BY %s %s FETCH FIRST (?) ROWS WITH TIES)", part, date, direction), append(args, wanted)
}

// dateOf returns a date as it is compared with a column: the mark of a parameter, and its
// value. A small integer is compared with any number.
func dateOf(field *schema.Field, at time.Time) (mark string, value any) {
	if model.KindOf(field) == schema.Time {
		if at.Before(earliest) {
			at = earliest
		}
		return "?", at
	}
	text := strconv.FormatInt(at.UnixMicro(), 10)
	return dialect.MarkOf(field, text), text
}

// earliest is the first day that Postgres knows. A cursor may name an earlier one, which the
// driver would take for one in the far future.
var earliest = time.Date(-4712, time.January, 1, 0, 0, 0, 0, time.UTC)

// puts reports whether the rule of an origin, by its date, is why an item is where it is.
func (o origin) puts(image *string, item timak.Item) bool {
	i, err := model.ParseImage(image)
	if err != nil || i == nil {
		return false
	}
	at, shown, err := o.table.Model.Apply(o.rule, i, nil)
	return err == nil && shown && at.Item.ID == item.ID && at.Item.At.Equal(item.At)
}
