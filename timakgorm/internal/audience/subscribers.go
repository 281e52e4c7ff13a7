package audience

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Mark is a place among the subscriptions to a source: a rule, and the primary key of its
// last row that is done. The zero Mark is the beginning, and so is one of a rule that is
// gone.
type Mark struct {
	Rule string `json:"r,omitempty"` // as Subscriber.name has it, or functionRule
	Row  string `json:"k,omitempty"` // a JSON object, or a key; empty: none
	Done bool   `json:"d,omitempty"` // no subscription comes after it
}

// name names a rule in a Mark.
func (s Subscriber) name() string {
	return s.Table.Model.Table + " " + s.Rule.Key.String() + " " + s.Rule.Source.String()
}

// Subscribers returns timelines that subscribe to a source now, at most limit of those
// after a mark, and the mark of the last.
func (a *Audiences) Subscribers(ctx context.Context, db dialect.Querier, name, source string, after Mark, limit int) (found []model.Subscribed, last Mark, err error) {
	if f := a.named(name).function; f != nil && !after.Done {
		return f.page(ctx, source, after, limit)
	}
	rules := a.named(name).subscribers
	first := max(0, slices.IndexFunc(rules, func(s Subscriber) bool { return s.name() == after.Rule }))
	if len(rules) == 0 || after.Done {
		return nil, Mark{Done: true}, nil
	}
	if rules[first].name() != after.Rule {
		after.Row = ""
	}
	for _, s := range rules[first:] {
		page, row, n, err := s.page(ctx, db, source, after.Row, limit)
		if err != nil && !dialect.Unreadable(err) { // otherwise no row has such a value
			return nil, after, reading("subscriptions", s.Table, err)
		}
		found = append(found, page...)
		if n == limit {
			return found, Mark{Rule: s.name(), Row: row}, nil
		}
		limit -= n
		after.Row = ""
	}
	return found, Mark{Done: true}, nil
}

// keys are the columns of the primary key.
func (s Subscriber) keys() string {
	return strings.Join(dialect.Columns(s.Table.Model.Keys, s.Table.SQL.Column), ", ")
}

// page returns what some rows subscribe to a source, the primary key of the last row,
// and how many rows there were: fewer than limit if there are no more.
func (s Subscriber) page(ctx context.Context, db dialect.Querier, source, after string, limit int) (found []model.Subscribed, last string, n int, err error) {
	where, args, may := s.Table.Matching(s.Rule.Source, source)
	if !may {
		return nil, after, 0, nil
	}
	if after != "" {
		beyond, keys, err := s.Table.Beyond(after)
		if err != nil {
			return nil, after, 0, err
		}
		where, args = where+" AND "+beyond, append(args, keys...)
	}
	for _, key := range s.Table.Model.Keys { // in SQLite they may be; no such row is tracked
		where += " AND " + s.Table.SQL.Column(key) + " IS NOT NULL"
	}
	d := s.Table.Dialect
	query := fmt.Sprintf("SELECT "+d.Text+", "+d.Text+" FROM %s WHERE %s ORDER BY %s LIMIT ?",
		s.Table.SQL.AnyKey, s.Table.SQL.AnyImage, s.Table.SQL.From, where, s.keys())
	last = after
	err = dialect.EachRow(ctx, db, d.Bind(query), append(args, limit), func(rows *sql.Rows) error {
		var image *string
		if err := rows.Scan(&last, &image); err != nil {
			return err
		}
		n++
		one, live := s.Subscribed(image)
		if live && one.Source == source && one.Key != "" && len(one.Key) <= timak.MaxKeyLen { // else its own change is a dead letter
			found = append(found, one)
		}
		return nil
	})
	return found, last, n, err
}

// Subscribed returns what an image subscribes to by the rule. One that cannot be read
// subscribes to nothing: its change is a dead letter.
func (s Subscriber) Subscribed(image *string) (model.Subscribed, bool) {
	i, err := model.ParseImage(image)
	if err != nil || i == nil {
		return model.Subscribed{}, false
	}
	one, live, err := i.Subscribed(s.Rule)
	return one, live && err == nil
}

// live reports whether a timeline subscribes to a source now, and with what capacity. The
// rows that say so cannot go until the look ends.
func (a *Audiences) live(ctx context.Context, l *look, key string, s Source) (found model.Subscribed, live bool, err error) {
	for _, rule := range a.named(s.Audience).subscribers {
		where, args, may := rule.matching(key, s.Text)
		if !may {
			continue
		}
		query := fmt.Sprintf("SELECT "+l.dialect.Text+" FROM %s WHERE %s ORDER BY %s", rule.Table.SQL.AnyImage, rule.Table.SQL.From, where, rule.keys())
		err := l.each(ctx, query+l.share(), args, func(rows *sql.Rows) error {
			var image *string
			if err := rows.Scan(&image); err != nil {
				return err
			}
			if one, is := rule.Subscribed(image); is && one.Key == key && one.Source == s.Text && (!live || one.CopiesMore(found)) {
				found, live = one, true
			}
			return nil
		})
		if err != nil {
			return found, false, reading("subscriptions", rule.Table, err)
		}
	}
	return found, live, nil
}

// matching is the condition that a row subscribes a key to a source, or may.
func (s Subscriber) matching(key, source string) (where string, args []any, may bool) {
	byKey, keyArgs, may := s.Table.Matching(s.Rule.Key, key)
	if !may {
		return "", nil, false
	}
	bySource, sourceArgs, may := s.Table.Matching(s.Rule.Source, source)
	return byKey + " AND " + bySource, append(keyArgs, sourceArgs...), may
}
