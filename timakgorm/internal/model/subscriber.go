package model

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Subscriber is a subscription rule whose fields have been looked up.
type Subscriber struct {
	Audience    string
	Key, Source Template
	when        *schema.Field // nil: always
	unless      bool          // when is negated
	Max         int           // of the timeline; 0: the engine's
	Copy        int           // of a source; 0: Max
}

// Subscribed is what one row subscribes to: the timeline of a key, to the items of a
// source in an audience.
type Subscribed struct {
	Audience, Key, Source string
	Max, Copy             int
}

// subscribe adds a subscription rule.
func (m *Model) subscribe(r tag.Rule) error {
	s, err := m.compileSubscriber(r)
	if err != nil {
		return err
	}
	same := func(other Subscriber) bool {
		return other.Audience == s.Audience && other.Key.same(s.Key) && other.Source.same(s.Source)
	}
	if slices.ContainsFunc(m.Subscriptions, same) {
		return errors.New("an earlier subscription has the same audience, key and source: expected one of each")
	}
	m.Subscriptions = append(m.Subscriptions, s)
	return nil
}

// publish adds a publication.
func (m *Model) publish(r Rule) error {
	same := func(other Rule) bool {
		return other.Audience == r.Audience && other.Source.same(r.Source) && other.ID.same(r.ID)
	}
	if slices.ContainsFunc(m.Publications, same) {
		return errors.New("an earlier rule publishes the same source in the same audience: expected one rule per source")
	}
	m.Publications = append(m.Publications, r)
	return nil
}

func (m *Model) compileSubscriber(r tag.Rule) (s Subscriber, err error) {
	switch {
	case r.Audience == "":
		return s, errors.New("no audience: expected audience=…, the name that rules publish in")
	case !plainName(r.Audience):
		return s, unplainName(r.Audience)
	case r.Key == "":
		return s, errors.New("no key: expected key=…, such as key=user:{FollowerID}:home")
	case r.Source == "":
		return s, errors.New("no source: expected source=…, such as source=author:{AuthorID}")
	case r.ID != "" || r.Date != "" || len(r.Data) > 0:
		return s, errors.New("id, date and data are options of the rules that publish: expected audience, key, source, when, max or copy")
	case r.Max < 0:
		return s, fmt.Errorf("max=%d: expected a number of items, at least 1", r.Max)
	case r.Copy < 0:
		return s, fmt.Errorf("copy=%d: expected a number of items, at least 1", r.Copy)
	}
	s.Audience, s.Max, s.Copy = r.Audience, r.Max, r.Copy
	if s.Key, err = m.template("key", r.Key); err != nil {
		return s, err
	}
	if s.Source, err = m.template("source", r.Source); err != nil {
		return s, err
	}
	s.when, s.unless, err = m.condition(r.When)
	return s, err
}

// Subscribes returns what an image subscribes to; none for nil. outdated and err are
// as those of Placements. A row with NULL in its key or source subscribes to nothing by
// that rule.
func (m *Model) Subscribes(i Image) (out []Subscribed, outdated bool, err error) {
	if i == nil {
		return nil, false, nil
	}
	var failures []error
	for _, s := range m.Subscriptions {
		one, live, ruleErr := i.Subscribed(s)
		switch {
		case errors.Is(ruleErr, errOldImage):
			outdated = true
		case ruleErr != nil:
			failures = append(failures, ruleErr)
		case live:
			out = append(out, one)
		}
	}
	return out, outdated, JoinDistinct(failures)
}

// Subscribed returns what an image subscribes to by one rule, and whether it does.
func (i Image) Subscribed(s Subscriber) (one Subscribed, live bool, err error) {
	defer panicking(&err)
	if live, err = i.holds(s.when, s.unless); err != nil || !live {
		return one, false, err
	}
	one = Subscribed{Audience: s.Audience, Max: s.Max, Copy: s.Copy}
	if one.Key, live, err = i.Render(s.Key); err != nil || !live {
		return one, false, err
	}
	one.Source, live, err = i.Render(s.Source)
	return one, live && err == nil, err
}

// Published returns the item that an image publishes by a rule with a source, and
// whether it does. An image that the rule cannot place publishes nothing.
func (m *Model) Published(r Rule, image *string, source string) (p Placement, published bool) {
	i, err := ParseImage(image)
	if err != nil || i == nil {
		return p, false
	}
	p, shown, err := m.Apply(r, i, m.CheckKey(i))
	return p, err == nil && shown && p.Item.Source == source
}

// CopyOf returns how many items of its source the timeline gets when a subscription begins
// or changes. capacity is the timeline's, if the rule has none.
func (s Subscribed) CopyOf(capacity int) int {
	capacity = cmp.Or(s.Max, capacity)
	return min(cmp.Or(s.Copy, capacity), capacity)
}

// CopiesMore reports whether a subscription brings more items than another one of the same
// timeline.
func (s Subscribed) CopiesMore(other Subscribed) bool {
	return s.CopyOf(math.MaxInt) > other.CopyOf(math.MaxInt)
}

// SameEnds reports whether two rows subscribe the same timeline to the same source.
func (s Subscribed) SameEnds(other Subscribed) bool {
	return s.Audience == other.Audience && s.Key == other.Key && s.Source == other.Source
}
