package timakgorm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// place is where an item lies: an entry of a timeline.
type place struct {
	key, id, source string
}

// placement is an item, the timeline it lies on and that timeline's capacity,
// 0 for the engine's.
type placement struct {
	key  string
	item timak.Item
	max  int
}

func (p placement) place() place { return place{p.key, p.item.ID, p.item.Source} }

// placements returns what the rules make of an image; none of nil. Where two
// rules name one place, the first decides. outdated says that a rule names a
// column which the image has not: by that rule the row was nowhere then, and
// where it belongs now only the row itself can tell. Beside an error, which is
// that of some rules, it returns what the others make of the image.
func (m *model) placements(i image) (out []placement, outdated bool, err error) {
	if i == nil {
		return nil, false, nil
	}
	seen := map[place]bool{}
	var failures []error
	for _, r := range m.rules {
		p, shown, ruleErr := m.placement(r, i)
		switch {
		case errors.Is(ruleErr, errOldImage):
			outdated = true
		case ruleErr != nil:
			failures = append(failures, ruleErr)
		case shown && !seen[p.place()]:
			seen[p.place()] = true
			out = append(out, p)
		}
	}
	return out, outdated, distinctly(failures)
}

// distinctly is errors.Join of those that say different things.
func distinctly(errs []error) error {
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

// placesIn returns what an image puts on one timeline, and why it puts nothing
// there by a rule that wants it to: the reason that the relay gives. Then the row
// is unplaceable.
func (m *model) placesIn(text *string, key string) (places []placement, reason error) {
	i, err := parseImage(text)
	if err != nil || i == nil {
		return nil, err
	}
	bad := m.checkKey(i)
	for _, r := range m.rules {
		at, shown, err := m.apply(r, i, bad)
		switch {
		case err != nil && reason == nil && i.isOf(r, key):
			reason = err
		case err == nil && shown && at.key == key && !slices.ContainsFunc(places, func(p placement) bool { return p.place() == at.place() }):
			places = append(places, at)
		}
	}
	return places, reason
}

// apply is placement for an image that may be anything: bad is what is wrong with
// its primary key, and a panic is an error.
func (m *model) apply(r rule, i image, bad error) (at placement, shown bool, err error) {
	defer panicking(&err)
	at, shown, err = m.placement(r, i)
	if shown || err != nil {
		err = firstOf(bad, err)
	}
	return at, shown, err
}

// isOf reports whether a rule gives an image a key, whatever else of it may fail.
func (i image) isOf(r rule, key string) (is bool) {
	defer func() { _ = recover() }()
	made, shown, err := i.render(r.key)
	return err == nil && shown && made == key
}

// panicking makes an error of a rule's panic: no row is to stop what is done with
// the others.
func panicking(err *error) {
	if r := recover(); r != nil {
		*err = rulePanic(r)
	}
}

func rulePanic(reason any) error { return fmt.Errorf("a rule panics: %v", reason) }

// placement applies one rule, and reports whether the row has an item by it.
func (m *model) placement(r rule, i image) (p placement, shown bool, err error) {
	if r.when != nil {
		truth, err := i.truth(r.when)
		if err != nil || truth == r.unless {
			return p, false, err
		}
	}
	p.max = r.max
	if p.key, shown, err = i.render(r.key); err != nil || !shown {
		return p, false, err
	}
	if p.item.ID, shown, err = m.itemID(r, i); err != nil || !shown {
		return p, false, err
	}
	if p.item.Source, shown, err = i.render(r.source); err != nil || !shown {
		return p, false, err
	}
	if p.item.At, err = i.date(r.date); err != nil {
		return p, false, err
	}
	p.item.Data, err = i.object(r.data)
	return p, err == nil, err
}

// render fills in a template; it reports false if a field is NULL. The unset
// template is the empty text.
func (i image) render(t template) (string, bool, error) {
	if t.columns == nil {
		return t.String(), true, nil
	}
	values := make([]string, len(t.columns))
	for n, field := range t.columns {
		value, present, err := i.text(field)
		if err != nil || !present {
			return "", false, err
		}
		values[n] = value
	}
	return t.Render(values), true, nil
}

// checkKey reports why an image tells no row, if it does not.
func (m *model) checkKey(i image) error {
	for _, key := range m.keys {
		switch _, present, err := i.text(key); {
		case err != nil:
			return err
		case !present:
			return fmt.Errorf("primary key %q is NULL", key.DBName)
		}
	}
	return nil
}

// itemID returns the id by the rule's template, or table:primary key.
func (m *model) itemID(r rule, i image) (string, bool, error) {
	if r.id.columns != nil {
		return i.render(r.id)
	}
	values := make([]string, len(m.keys))
	for n, field := range m.keys {
		value, _, err := i.text(field)
		if err != nil {
			return "", false, err
		}
		values[n] = tag.Escape(value)
	}
	return m.table + ":" + strings.Join(values, ","), true, nil
}
