package audience

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// Source is a source in an audience.
type Source struct{ Audience, Text string }

// Compare orders sources.
func (s Source) Compare(other Source) int {
	return cmp.Or(strings.Compare(s.Audience, other.Audience), strings.Compare(s.Text, other.Text))
}

// SubscribersOf returns the rules by which rows may subscribe the timeline of a key.
func (a *Audiences) SubscribersOf(key string) (may []Subscriber) {
	for _, name := range a.names() {
		for _, s := range a.byName[name].subscribers {
			if _, _, matches := s.Table.Matching(s.Rule.Key, key); matches {
				may = append(may, s)
			}
		}
	}
	return may
}

// Publishers returns the rules that publish in an audience.
func (a *Audiences) Publishers(name string) []Publisher { return a.named(name).publishers }

// Row is a row of a table, by its primary key as a JSON object. The zero Row is no row: a
// function says so.
type Row struct {
	Table *dialect.Table
	Key   string
}

// Feed returns the sources to which the timeline of a key subscribes now, each with a row
// that says so.
func (a *Audiences) Feed(ctx context.Context, db dialect.Querier, key string) (map[Source]Row, error) {
	feed := map[Source]Row{}
	for _, f := range a.FunctionsOf(key) {
		if err := f.feed(ctx, key, feed); err != nil {
			return nil, err
		}
	}
	for _, s := range a.SubscribersOf(key) {
		where, args, _ := s.Table.Matching(s.Rule.Key, key)
		d := s.Table.Dialect
		query := fmt.Sprintf("SELECT "+d.Text+", "+d.Text+" FROM %s WHERE %s", s.Table.SQL.AnyKey, s.Table.SQL.AnyImage, s.Table.SQL.From, where)
		err := dialect.EachRow(ctx, db, d.Bind(query), args, func(rows *sql.Rows) error {
			var row string
			var image *string
			if err := rows.Scan(&row, &image); err != nil {
				return err
			}
			if one, live := s.Subscribed(image); live && one.Key == key {
				feed[Source{one.Audience, one.Source}] = Row{s.Table, row}
			}
			return nil
		})
		if err != nil && !dialect.Unreadable(err) { // otherwise no row has such a value
			return nil, reading("subscriptions", s.Table, err)
		}
	}
	return feed, nil
}
