package audit

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// conditionsAtOnce is how many conditions a query has at most: SQLite reads at most 1,000
// in a row.
const conditionsAtOnce = 500

// subscribe adds to the contents what their key subscribes to now.
func (a *Audit) subscribe(ctx context.Context, c *contents) error {
	rules, functions := a.audiences.SubscribersOf(c.key), a.audiences.FunctionsOf(c.key)
	if len(rules)+len(functions) == 0 {
		return nil
	}
	for _, f := range functions {
		c.hold(cmp.Or(f.Max, a.timelines.MaxItems()))
	}
	for _, s := range rules {
		capacity := cmp.Or(s.Rule.Max, a.timelines.MaxItems())
		c.hold(capacity)
		c.some = c.some || s.Rule.Copy > 0 && s.Rule.Copy < capacity
	}
	o, err := a.relay.Outbox()
	if err != nil {
		return err
	}
	if c.feed, err = a.audiences.Feed(ctx, o.DB, c.key); err != nil {
		return err
	}
	wanted := map[*dialect.Table][]condition{}
	for _, source := range slices.SortedFunc(maps.Keys(c.feed), audience.Source.Compare) {
		for _, p := range a.audiences.Publishers(source.Audience) {
			if where, args, ok := p.Table.Matching(p.Rule.Source, source.Text); ok {
				wanted[p.Table] = append(wanted[p.Table], condition{rule: p.Rule, where: where, args: args, source: source.Text})
			}
		}
	}
	for _, t := range a.tables.Sorted() {
		for some := range slices.Chunk(wanted[t], conditionsAtOnce) {
			of := map[audience.Source]bool{}
			for _, one := range some {
				of[audience.Source{Audience: one.rule.Audience, Text: one.source}] = true
			}
			c.parts = append(c.parts, part{table: t, conditions: some, sources: of})
		}
	}
	return nil
}

// subscribes reports whether the timeline subscribes to a source.
func (c contents) subscribes(name, source string) bool {
	_, live := c.feed[audience.Source{Audience: name, Text: source}]
	return live
}

// changing notes the suspects whose subscription has a change in the outbox.
func (a *Audit) changing(ctx context.Context, c contents, suspects []*suspect, waiting map[*suspect]bool) error {
	rules := a.audiences.SubscribersOf(c.key)
	if len(rules) == 0 || len(suspects) == 0 {
		return nil
	}
	bySource := map[string][]*suspect{}
	for _, one := range suspects {
		bySource[one.at.Source] = append(bySource[one.at.Source], one)
	}
	o, err := a.relay.Outbox()
	if err != nil {
		return err
	}
	for _, s := range rules {
		err := o.EachImage(ctx, s.Table, func(image *string) {
			one, live := s.Subscribed(image)
			if !live || one.Key != c.key {
				return
			}
			for _, suspect := range bySource[one.Source] {
				waiting[suspect] = true
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// subscription returns the row by which a suspect's timeline subscribes to its source.
func (f *finding) subscription(s *suspect) (row audience.Row, found bool) {
	row, found = f.feed[audience.Source{Audience: s.audience, Text: s.at.Source}]
	return row, found
}
