package model

import (
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// itemID returns the id by the rule's template or, if there is none,
// <table>:<primary key>. It reports false if a column of the template is NULL.
func (m *Model) itemID(r Rule, i Image) (string, bool, error) {
	if r.ID.Columns != nil {
		return i.Render(r.ID)
	}
	values := make([]string, len(m.Keys))
	for n, field := range m.Keys {
		value, _, err := i.text(field)
		if err != nil {
			return "", false, err
		}
		values[n] = tag.Escape(value)
	}
	return m.Table + ":" + strings.Join(values, ","), true, nil
}

// IDOption returns the id= of a rule that may have made an item's id, and reports whether
// there is one.
func (m *Model) IDOption(id string) (option string, made bool) {
	for _, r := range slices.Concat(m.Rules, m.Publications) {
		if _, made := r.ID.Match(id); r.ID.Columns != nil && made {
			return r.ID.String(), true
		}
	}
	return "", false
}

// OwnsItems reports whether the items of a row are its own: their ids are made of its
// primary key. With a template, two rows may make the same id.
func (m *Model) OwnsItems() bool {
	template := func(r Rule) bool { return r.ID.Columns != nil }
	return !slices.ContainsFunc(m.Rules, template) && !slices.ContainsFunc(m.Publications, template)
}

// KeyTexts splits an item's id into the columns of the primary key. It reports
// false for an item of another table.
func KeyTexts(s *schema.Schema, id string) ([]string, bool) {
	rest, ok := strings.CutPrefix(id, s.Table+":")
	texts := strings.Split(rest, ",")
	if !ok || len(texts) != len(s.PrimaryFields) {
		return nil, false
	}
	for i, text := range texts {
		plain, err := tag.Unescape(text)
		if err != nil {
			return nil, false
		}
		texts[i] = plain
	}
	return texts, true
}
