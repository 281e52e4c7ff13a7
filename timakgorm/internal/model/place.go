package model

import (
	"errors"
	"fmt"
	"slices"

	"github.com/timak-go/timak/timak"
)

// Place is where an item lies: an entry of a timeline.
type Place struct {
	Key, ID, Source string
}

// Placement is an item, the timeline it lies on and that timeline's capacity,
// 0 for the engine's.
type Placement struct {
	Key  string
	Item timak.Item
	Max  int
}

// Place returns where the item lies.
func (p Placement) Place() Place { return Place{p.Key, p.Item.ID, p.Item.Source} }

// Placements returns what the rules make of an image; none of nil. Where two
// rules name one place, the first decides. outdated says that a rule names a
// column which the image has not: by that rule the row was nowhere then, and
// where it belongs now only the row itself can tell. Beside an error, which is
// that of some rules, it returns what the others make of the image.
func (m *Model) Placements(i Image) (out []Placement, outdated bool, err error) {
	if i == nil {
		return nil, false, nil
	}
	seen := map[Place]bool{}
	var failures []error
	for _, r := range m.Rules {
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
	return out, outdated, Distinctly(failures)
}

// Distinctly is errors.Join of those that say different things.
func Distinctly(errs []error) error {
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

// PlacesIn returns what an image puts on one timeline, and why it puts nothing
// there by a rule that wants it to: the reason that the relay gives. Then the row
// is unplaceable.
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

// Apply is placement for an image that may be anything: bad is what is wrong with
// its primary key, and a panic is an error.
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

// isOf reports whether a rule gives an image a key, whatever else of it may fail.
func (i Image) isOf(r Rule, key string) (is bool) {
	defer func() { _ = recover() }()
	made, shown, err := i.Render(r.Key)
	return err == nil && shown && made == key
}

// panicking makes an error of a rule's panic: no row is to stop what is done with
// the others.
func panicking(err *error) {
	if r := recover(); r != nil {
		*err = RulePanic(r)
	}
}

// RulePanic is the error of a rule that has panicked.
func RulePanic(reason any) error { return fmt.Errorf("a rule panics: %v", reason) }

// placement applies one rule, and reports whether the row has an item by it.
func (m *Model) placement(r Rule, i Image) (p Placement, shown bool, err error) {
	if r.when != nil {
		truth, err := i.truth(r.when)
		if err != nil || truth == r.unless {
			return p, false, err
		}
	}
	p.Max = r.Max
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

// Render fills in a template; it reports false if a field is NULL. The unset
// template is the empty text.
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

// CheckKey reports why an image tells no row, if it does not.
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
