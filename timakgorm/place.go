package timakgorm

import (
	"errors"
	"fmt"
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
	for _, r := range m.rules {
		p, shown, ruleErr := m.placement(r, i)
		switch {
		case errors.Is(ruleErr, errOldImage):
			outdated = true
		case ruleErr != nil:
			err = errors.Join(err, ruleErr)
		case shown && !seen[p.place()]:
			seen[p.place()] = true
			out = append(out, p)
		}
	}
	return out, outdated, err
}

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
