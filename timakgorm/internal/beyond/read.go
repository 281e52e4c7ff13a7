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
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Read returns the items of a key's timeline in a range of its order: at least those that
// are wanted, and perhaps others. On Postgres it looks at about as many rows as are wanted
// for each rule and source, if there is an index on the columns of its template and the
// date, and reads about as many for each rule. Where the database does not order the dates as a timeline does, as texts on SQLite,
// it reads all rows of them.
func (b *Beyond) Read(ctx context.Context, db *sql.DB, key string, order timak.Order, r timak.Range) ([]timak.Item, error) {
	found, _, err := b.Find(ctx, db, key, order, r)
	var items []timak.Item
	for _, one := range found {
		items = append(items, one.Item)
	}
	return items, err
}

// Found is an item, where the first of its rows puts it, and those of its rows in the range
// that may be among the first ones wanted.
type Found struct {
	Item timak.Item
	Rows []Row
}

// Row is a row, and where it puts an item.
type Row struct {
	audience.Image

	Item timak.Item
}

// Find is Read, and says where the items come from, and how many rows it has read.
func (b *Beyond) Find(ctx context.Context, db *sql.DB, key string, order timak.Order, r timak.Range) (found []*Found, rows int, err error) {
	l, err := b.timeline(ctx, db, key)
	if err != nil {
		return nil, 0, err
	}
	q := &reading{timeline: l, db: db, order: order, asked: r, seen: map[string]*Found{}}
	var origins []origin
	for _, one := range l.origins {
		prepared, err := one.prepare(ctx, db)
		if err != nil {
			return nil, 0, failed(err)
		}
		origins = append(origins, prepared...)
	}
	for some := range slices.Chunk(origins, originsAtOnce) { // by date the range has an item at each end that is not in it
		if err := q.all(ctx, some, r.Limit+2); err != nil {
			return nil, 0, err
		}
	}
	return q.found, q.rows, nil
}

// givenName is what the values of several sources go by in a query.
const givenName = "timak_given"

// prepare returns the origin as it is to be asked: as one, or each source apart.
func (o origin) prepare(ctx context.Context, db dialect.Querier) (prepared []origin, err error) {
	if o.conditions, o.ordered, err = o.table.Publishing(ctx, db, o.rule); err != nil {
		return nil, err
	}
	for n := range o.apart {
		o.apart[n].conditions, o.apart[n].ordered = o.conditions, o.ordered
	}
	if o.given == nil {
		return []origin{o}, nil
	}
	where, together, err := o.table.MatchingAny(ctx, db, o.rule.Source, givenName)
	if err != nil || !together || !o.ordered {
		return o.apart, err
	}
	o.where = where
	return []origin{o}, nil
}

func failed(err error) error {
	return fmt.Errorf("timakgorm: read past the end of a timeline: %w", err)
}

// originsAtOnce is how many origins a query asks for: SQLite joins at most 500 queries.
const originsAtOnce = 100

// reading is what one Read has found.
type reading struct {
	timeline

	db    *sql.DB
	order timak.Order
	asked timak.Range
	found []*Found
	seen  map[string]*Found // by the id of the item
	rows  int               // that were read
}

// all reads the rows of some origins that come first in the range: so many, and more of
// those whose rows have too few items in it.
func (q *reading) all(ctx context.Context, origins []origin, wanted int) error {
	for len(origins) > 0 {
		counts, err := q.once(ctx, origins, wanted)
		if dialect.Unreadable(err) { // a text that no column of one of them can have
			return q.apart(ctx, origins, wanted)
		}
		if err != nil {
			return failed(err)
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

// apart reads the rows of each origin by itself. One that cannot be read has none.
func (q *reading) apart(ctx context.Context, origins []origin, wanted int) error {
	if len(origins) == 1 {
		if origins = origins[0].apart; len(origins) == 0 {
			return nil
		}
	}
	for _, one := range origins {
		if err := q.all(ctx, []origin{one}, wanted); err != nil {
			return err
		}
	}
	return nil
}

// count is how many rows of an origin were read, and how many items in range its rule puts
// where they are.
type count struct{ rows, items int }

// once runs one query for some origins.
func (q *reading) once(ctx context.Context, origins []origin, wanted int) (counts []count, err error) {
	counts = make([]count, len(origins))
	counted := map[string]int{} // by the id of an item, the last origin for which it counts, from 1
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
		q.rows++
		for _, item := range q.items(origins[n].table, image) {
			if !q.asked.Has(q.order, item) {
				continue
			}
			if counted[item.ID] != n+1 && origins[n].puts(image, item) {
				counted[item.ID] = n + 1
				counts[n].items++
			}
			q.keep(Row{audience.Image{Table: origins[n].table, Text: image}, item})
		}
		return nil
	})
	return counts, err
}

// keep adds a row. Once there are many more than are asked for, only those that come
// first stay, or last.
func (q *reading) keep(row Row) {
	item := row.Item
	if known := q.seen[item.ID]; known != nil {
		known.Rows = append(known.Rows, row)
		if q.order.Before(item, known.Item) {
			known.Item = item
		}
		return
	}
	q.seen[item.ID] = &Found{item, []Row{row}}
	if q.found = append(q.found, q.seen[item.ID]); len(q.found) <= 2*q.asked.Limit+1000 {
		return
	}
	slices.SortFunc(q.found, func(a, b *Found) int {
		if q.order.Before(a.Item, b.Item) != q.asked.Last {
			return -1
		}
		return 1
	})
	for _, gone := range q.found[q.asked.Limit:] {
		delete(q.seen, gone.Item.ID)
	}
	q.found = slices.Delete(q.found, q.asked.Limit, len(q.found))
}

// part is the query for the rows of one origin. Those of several sources are the first of
// what each source has first: each asks an index. Images are made of the rows that are left
// in the end, and not of all that are sorted.
func (q *reading) part(n int, one origin, wanted int) (part string, args []any) {
	t := one.table
	begin := fmt.Sprintf("SELECT %d, "+t.Dialect.Text+" FROM ", n, t.SQL.AnyImage)
	if !one.ordered {
		return begin + t.SQL.From + " WHERE " + one.where, one.args
	}
	where, args := q.where(one)
	first := fmt.Sprintf(" ORDER BY %s %s FETCH FIRST (?) ROWS WITH TIES", t.SQL.Column(one.rule.Date()), q.direction())
	chosen := "SELECT " + t.SQL.ImageColumns + " FROM " + t.SQL.From + " WHERE " + where + first
	args = append(args, wanted)
	if one.given != nil {
		given, values := dialect.GivenValues(one.given, givenName)
		chosen = fmt.Sprintf("SELECT %s FROM %s CROSS JOIN LATERAL (%s) AS %s%s", t.SQL.ImageColumns, given, chosen, t.SQL.Name, first)
		args = append(append([]any{values}, args...), wanted)
	}
	return fmt.Sprintf("(%s(%s) AS %s)", begin, chosen, t.SQL.Name), args
}

// direction is that of the dates in which the rows are wanted.
func (q *reading) direction() string {
	if (q.order == timak.NewestFirst) != q.asked.Last {
		return "DESC"
	}
	return "ASC"
}

// where is the condition that a row of an origin may be in the range.
func (q *reading) where(one origin) (where string, args []any) {
	from, to := "<=", ">="
	if q.order == timak.OldestFirst {
		from, to = to, from
	}
	conditions, args := []string{one.where}, slices.Clone(one.args)
	bound := func(compare string, at time.Time) {
		mark, value := dateOf(one.rule.Date(), at)
		conditions = append(conditions, one.table.SQL.Column(one.rule.Date())+" "+compare+" "+mark)
		args = append(args, value)
	}
	bound(from, q.asked.From.Place.At)
	if q.asked.To != nil {
		bound(to, q.asked.To.Place.At)
	}
	return strings.Join(append(conditions, one.conditions...), " AND "), args
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
