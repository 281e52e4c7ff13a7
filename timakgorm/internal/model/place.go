package model

import (
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timak"
)

// Place is where an item lies: an entry of a timeline or, with an Audience in place of
// the Key, of the timelines that subscribe to its source.
type Place struct {
	Key, ID, Source string
	Audience        string
}

// Placement is an item, the key of the timeline it lies on, or the audience that it is
// published in, and the timeline's capacity; Max 0 means the engine's. One with both lies
// on the timeline of a subscriber.
type Placement struct {
	Key      string
	Audience string

	Item timak.Item
	Max  int
}

// Place returns where the item lies.
func (p Placement) Place() Place {
	at := Place{Key: p.Key, ID: p.Item.ID, Source: p.Item.Source}
	if p.Key == "" {
		at.Audience = p.Audience
	}
	return at
}

// Placements returns the items that the rules make of an image; none for nil. If
// two rules name one place, the first one wins. outdated says that a rule names a
// column that the image does not have: by that rule the row had no item then, and
// only the row itself can tell where it belongs now. err joins the errors of the
// rules that fail; the placements of the other rules are returned with it.
func (m *Model) Placements(i Image) (out []Placement, outdated bool, err error) {
	if i == nil {
		return nil, false, nil
	}
	seen := map[Place]bool{}
	var failures []error
	for _, r := range slices.Concat(m.Rules, m.Publications) {
		p, shown, ruleErr := m.placement(r, i)
		switch {
		case errors.Is(ruleErr, errOldImage):
			outdated = true
		case ruleErr != nil:
			failures = append(failures, ruleErr)
		case shown && !seen[p.Place()]:
			seen[p.Place()] = true
			out = append(out, p)
		}
	}
	return out, outdated, JoinDistinct(failures)
}

// JoinDistinct is errors.Join for errors with different texts. It leaves out nil
// and repeated ones.
func JoinDistinct(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	said := map[string]bool{}
	return errors.Join(slices.DeleteFunc(slices.Clone(errs), func(err error) bool {
		again := err == nil || said[err.Error()]
		if err != nil {
			said[err.Error()] = true
		}
		return again
	})...)
}

// PlacesIn returns what an image puts on one timeline. If a rule wants an item
// there and fails, the row is unplaceable, and reason is the error that the relay
// gives.
func (m *Model) PlacesIn(text *string, key string) (places []Placement, reason error) {
	i, err := ParseImage(text)
	if err != nil || i == nil {
		return nil, err
	}
	bad := m.CheckKey(i)
	for _, r := range m.Rules {
		at, shown, err := m.Apply(r, i, bad)
		switch {
		case err != nil && reason == nil && i.isOf(r, key):
			reason = err
		case err == nil && shown && at.Key == key && !slices.ContainsFunc(places, func(p Placement) bool { return p.Place() == at.Place() }):
			places = append(places, at)
		}
	}
	return places, reason
}

// PublishedTo returns what an image publishes to the timeline of a key that subscribes to
// some sources. If a rule wants an item there and fails, reason is the error that the
// relay gives.
func (m *Model) PublishedTo(text *string, key string, subscribes func(audience, source string) bool) (places []Placement, reason error) {
	i, err := ParseImage(text)
	if err != nil || i == nil {
		return nil, err
	}
	bad := m.CheckKey(i)
	for _, r := range m.Publications {
		at, shown, err := m.Apply(r, i, bad)
		switch {
		case err != nil && reason == nil && i.publishes(r, subscribes):
			reason = err
		case err == nil && shown && subscribes(at.Audience, at.Item.Source):
			at.Key = key
			if !slices.ContainsFunc(places, func(p Placement) bool { return p.Place() == at.Place() }) {
				places = append(places, at)
			}
		}
	}
	return places, reason
}

// Apply is placement for an image that may contain anything: it turns a panic
// into an error. bad is what is wrong with the image's primary key; it is
// returned where the row would have an item.
func (m *Model) Apply(r Rule, i Image, bad error) (at Placement, shown bool, err error) {
	defer panicking(&err)
	at, shown, err = m.placement(r, i)
	if shown || err != nil {
		if bad != nil {
			err = bad
		}
	}
	return at, shown, err
}

// isOf reports whether a rule gives an image a key, no matter what else of the
// rule fails.
func (i Image) isOf(r Rule, key string) (is bool) {
	defer func() { _ = recover() }()
	made, shown, err := i.Render(r.Key)
	return err == nil && shown && made == key
}

// publishes is isOf for the sources that a timeline subscribes to.
func (i Image) publishes(r Rule, subscribes func(audience, source string) bool) (is bool) {
	defer func() { _ = recover() }()
	made, shown, err := i.Render(r.Source)
	return err == nil && shown && subscribes(r.Audience, made)
}

// panicking turns a rule's panic into an error, so that one row does not stop the
// others.
func panicking(err *error) {
	if r := recover(); r != nil {
		*err = RulePanic(r)
	}
}

// RulePanic returns the error for a rule that panicked with reason.
func RulePanic(reason any) error { return fmt.Errorf("a rule panics: %v", reason) }

// placement applies one rule, and reports whether the row has an item by it.
func (m *Model) placement(r Rule, i Image) (p Placement, shown bool, err error) {
	if holds, err := i.holds(r.when, r.unless); err != nil || !holds {
		return p, false, err
	}
	p.Max, p.Audience = r.Max, r.Audience
	if p.Key, shown, err = i.Render(r.Key); err != nil || !shown {
		return p, false, err
	}
	if p.Item.ID, shown, err = m.itemID(r, i); err != nil || !shown {
		return p, false, err
	}
	if p.Item.Source, shown, err = i.Render(r.Source); err != nil || !shown {
		return p, false, err
	}
	if p.Item.At, err = i.date(r.date); err != nil {
		return p, false, err
	}
	p.Item.Data, err = i.object(r.Data)
	return p, err == nil, err
}

// holds reports whether a condition does; nil is always true.
func (i Image) holds(when *schema.Field, unless bool) (bool, error) {
	if when == nil {
		return true, nil
	}
	truth, err := i.truth(when)
	return truth != unless, err
}

// Render fills in a template. It reports false if a field is NULL. The zero
// Template gives the empty text.
func (i Image) Render(t Template) (string, bool, error) {
	if t.Columns == nil {
		return t.String(), true, nil
	}
	values := make([]string, len(t.Columns))
	for n, field := range t.Columns {
		value, present, err := i.text(field)
		if err != nil || !present {
			return "", false, err
		}
		values[n] = value
	}
	return t.Render(values), true, nil
}

// CheckKey returns an error if the primary key of an image does not identify a
// row: a column is missing, unreadable or NULL.
func (m *Model) CheckKey(i Image) error {
	for _, key := range m.Keys {
		switch _, present, err := i.text(key); {
		case err != nil:
			return err
		case !present:
			return fmt.Errorf("primary key %q is NULL", key.DBName)
		}
	}
	return nil
}
