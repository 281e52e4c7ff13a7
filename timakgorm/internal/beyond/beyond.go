package beyond

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Beyond reads the tables of one database. All methods may be called from any number of
// goroutines.
type Beyond struct {
	timelines *timak.Timelines
	tables    *dialect.Tables
	audiences *audience.Audiences
}

// New returns a reader of the tables ts, for timelines.
func New(timelines *timak.Timelines, ts *dialect.Tables, audiences *audience.Audiences) *Beyond {
	return &Beyond{timelines, ts, audiences}
}

// Capacity returns how many items the timeline of a key holds by its rules, and whether there
// are any.
func (b *Beyond) Capacity(key string) (capacity int, made bool) {
	for _, t := range b.tables.Sorted() {
		for _, r := range t.Model.Rules {
			if _, _, matches := t.Matching(r.Key, key); matches {
				capacity, made = max(capacity, cmp.Or(r.Max, b.timelines.MaxItems())), true
			}
		}
	}
	for _, s := range b.audiences.SubscribersOf(key) {
		capacity, made = max(capacity, cmp.Or(s.Rule.Max, b.timelines.MaxItems())), true
	}
	for _, f := range b.audiences.FunctionsOf(key) {
		capacity, made = max(capacity, cmp.Or(f.Max, b.timelines.MaxItems())), true
	}
	return capacity, made
}

// origin is the rows that one rule may put on a timeline.
type origin struct {
	table *dialect.Table
	rule  model.Rule
	where string
	args  []any

	// given are the values of several sources, in place of where. The rows of each are
	// those of one of the origins apart.
	given [][]string
	apart []origin

	// conditions are those that a row must meet to be placed, ordered says that the
	// database orders the rows as the timeline does: see dialect.Table.Publishing.
	conditions []string
	ordered    bool
}

// timeline is where the items of a key come from.
type timeline struct {
	key     string
	fits    func(timak.Item) bool // a timeline can take it
	origins []origin
	feed    map[audience.Source]audience.Row
}

func (b *Beyond) timeline(ctx context.Context, db *sql.DB, key string) (l timeline, err error) {
	l.key, l.fits = key, func(item timak.Item) bool { return b.timelines.Check(key, timak.Put(item)) == nil }
	for _, t := range b.tables.Sorted() {
		for _, r := range t.Model.Rules {
			if where, args, matches := t.Matching(r.Key, key); matches {
				l.origins = append(l.origins, origin{table: t, rule: r, where: where, args: args})
			}
		}
	}
	if l.feed, err = b.audiences.Feed(ctx, db, key); err != nil {
		return l, err
	}
	sources := map[string][]string{}
	for _, source := range slices.SortedFunc(maps.Keys(l.feed), audience.Source.Compare) {
		sources[source.Audience] = append(sources[source.Audience], source.Text)
	}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		for _, p := range b.audiences.Publishers(name) {
			l.origins = append(l.origins, published(p, sources[name])...)
		}
	}
	return l, nil
}

// published returns the rows that a rule publishes with some sources: those whose values
// one query can be given as one origin, and each of the others as one.
func published(p audience.Publisher, sources []string) (origins []origin) {
	together := origin{table: p.Table, rule: p.Rule}
	for _, source := range sources {
		where, args, matches := p.Table.Matching(p.Rule.Source, source)
		if !matches {
			continue
		}
		one := origin{table: p.Table, rule: p.Rule, where: where, args: args}
		if values, _ := p.Rule.Source.Match(source); len(values) > 0 && dialect.GivenValue(p.Rule.Source, values) {
			together.given, together.apart = append(together.given, values), append(together.apart, one)
		} else {
			origins = append(origins, one)
		}
	}
	if len(together.apart) < 2 {
		return append(origins, together.apart...)
	}
	return append(origins, together)
}

// comes orders what one version says of an item, first what a timeline shows.
func comes(a, b timak.Item) int {
	return cmp.Or(b.At.Compare(a.At), bytes.Compare(b.Data, a.Data), cmp.Compare(a.Source, b.Source))
}

// items returns what an image has on the timeline. A row's items with the same id have the
// same version there: the latest date decides where the item is.
func (l timeline) items(t *dialect.Table, image *string) (items []timak.Item) {
	places, _ := t.Model.PlacesIn(image, l.key)
	published, _ := t.Model.PublishedTo(image, l.key, func(name, source string) bool {
		_, subscribes := l.feed[audience.Source{Audience: name, Text: source}]
		return subscribes
	})
	at := map[string]int{}
	for _, p := range append(places, published...) {
		n, known := at[p.Item.ID]
		switch {
		case !l.fits(p.Item):
		case !known:
			at[p.Item.ID] = len(items)
			items = append(items, p.Item)
		case comes(p.Item, items[n]) < 0:
			items[n] = p.Item
		}
	}
	return items
}
