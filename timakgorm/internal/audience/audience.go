package audience

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Audiences are those of the tracked tables of one database. Their methods may be
// called from any number of goroutines.
type Audiences struct {
	byName map[string]*audience
}

// audience is the rules of one audience.
type audience struct {
	subscribers []Subscriber
	publishers  []Publisher
	function    *Function // in place of subscribers
}

// Subscriber is a subscription rule of a table.
type Subscriber struct {
	Table *dialect.Table
	Rule  model.Subscriber
}

// Publisher is a publication of a table.
type Publisher struct {
	Table *dialect.Table
	Rule  model.Rule
}

// New returns the audiences of tables, and those that are functions. Rules that can never
// meet are an error which names them.
func New(ts *dialect.Tables, functions []*Function) (*Audiences, error) {
	a := &Audiences{byName: map[string]*audience{}}
	for _, f := range functions {
		a.ensure(f.Name).function = f
	}
	for _, t := range ts.Sorted() {
		for _, rule := range t.Model.Subscriptions {
			named := a.ensure(rule.Audience)
			named.subscribers = append(named.subscribers, Subscriber{t, rule})
		}
		for _, rule := range t.Model.Publications {
			named := a.ensure(rule.Audience)
			named.publishers = append(named.publishers, Publisher{t, rule})
		}
	}
	for _, name := range a.names() {
		if err := cmp.Or(a.byName[name].check(), a.clashes(ts, name), a.mixes(name), a.dates(name)); err != nil {
			return nil, fmt.Errorf("timakgorm: audience %q: %w", name, err)
		}
	}
	if err := a.ids(ts.Sorted()); err != nil {
		return nil, err
	}
	return a, nil
}

// ensure returns an audience, which is new the first time.
func (a *Audiences) ensure(name string) *audience {
	if a.byName[name] == nil {
		a.byName[name] = &audience{}
	}
	return a.byName[name]
}

// named returns an audience; an empty one if no rule has the name.
func (a *Audiences) named(name string) *audience {
	if found := a.byName[name]; found != nil {
		return found
	}
	return &audience{}
}

func (a *Audiences) names() []string { return slices.Sorted(maps.Keys(a.byName)) }

// check refuses an audience in which something can never come to anything.
func (a *audience) check() error {
	if a.function != nil {
		return a.checkFunction()
	}
	if len(a.subscribers) == 0 {
		return fmt.Errorf("%s publishes in it, and nobody subscribes: expected a timakgorm.Subscription of that audience in a registered model",
			a.publishers[0].Table.Model.Schema.Name)
	}
	if len(a.publishers) == 0 {
		return fmt.Errorf("%s subscribes to it, and nobody publishes: expected a timakgorm.Timeline of that audience in a registered model",
			a.subscribers[0].Table.Model.Schema.Name)
	}
	for _, s := range a.subscribers {
		meets := func(p Publisher) bool { return p.Rule.Source.Meets(s.Rule.Source.Template) }
		if !slices.ContainsFunc(a.publishers, meets) {
			return fmt.Errorf("%s subscribes to source=%s, which none of its publications can have: expected one such as %s",
				s.Table.Model.Schema.Name, s.Rule.Source, a.publishers[0].Rule.Source)
		}
	}
	for _, p := range a.publishers {
		meets := func(s Subscriber) bool { return p.Rule.Source.Meets(s.Rule.Source.Template) }
		if !slices.ContainsFunc(a.subscribers, meets) {
			return fmt.Errorf("%s publishes source=%s, to which none of its subscriptions can subscribe: expected one such as %s",
				p.Table.Model.Schema.Name, p.Rule.Source, a.subscribers[0].Rule.Source)
		}
	}
	return nil
}

// clashes refuses what puts items on the timelines of an audience's subscriptions with the
// same source, or with none: what one rule removes, the other may still want there.
func (a *Audiences) clashes(ts *dialect.Tables, name string) error {
	for _, s := range a.byName[name].subscribers {
		for _, t := range ts.Sorted() {
			for _, r := range t.Model.Rules {
				if s.interferes(r) {
					return fmt.Errorf("%s subscribes timelines key=%s to source=%s, and %s puts items on them by key=%s with source=%s: expected a source=… in that rule which no subscription can have",
						s.Table.Model.Schema.Name, s.Rule.Key, s.Rule.Source, t.Model.Schema.Name, r.Key, r.Source)
				}
			}
		}
		for _, other := range a.names() {
			for _, o := range a.byName[other].subscribers {
				if other > name && o.Rule.Key.Meets(s.Rule.Key.Template) && o.Rule.Source.Meets(s.Rule.Source.Template) {
					return fmt.Errorf("%s subscribes timelines key=%s to source=%s, and %s does so in audience %q: expected different texts of source=… in each audience, such as %s:%s",
						s.Table.Model.Schema.Name, s.Rule.Key, s.Rule.Source, o.Table.Model.Schema.Name, other, name, s.Rule.Source)
				}
			}
		}
	}
	return nil
}

// interferes reports whether a rule may put an item on a timeline of the subscriber that
// a removal of the subscriber's source takes away.
func (s Subscriber) interferes(r model.Rule) bool {
	none := r.Source.Columns == nil && r.Source.String() == ""
	return r.Key.Meets(s.Rule.Key.Template) && (none || r.Source.Meets(s.Rule.Source.Template))
}
