package model

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Template is a parsed template with its fields. The zero Template is unset.
type Template struct {
	tag.Template
	Columns []*schema.Field
}

// same reports whether two templates render every row the same.
func (t Template) same(other Template) bool {
	if !slices.Equal(t.Columns, other.Columns) {
		return false
	}
	marks := slices.Repeat([]string{"{}"}, len(t.Columns))
	return t.Render(marks) == other.Render(marks)
}

// template looks up the fields of an option's template. It is unset if text is empty.
func (m *Model) template(option, text string) (Template, error) {
	if text == "" {
		return Template{}, nil
	}
	if rest, stray, found := tag.Stray(text); found {
		return Template{}, fmt.Errorf("%s: %q has another option in it, %s: expected the template alone, %q", option, text, stray, rest)
	}
	parsed, err := tag.ParseTemplate(text)
	if err != nil {
		return Template{}, fmt.Errorf("%s: %w", option, err)
	}
	t := Template{Template: parsed}
	for _, name := range parsed.Fields() {
		field, err := m.column(name)
		if err != nil {
			return Template{}, fmt.Errorf("%s: %w", option, err)
		}
		if !textual(field) {
			return Template{}, fmt.Errorf("%s: field %s is a %s: expected %s", option, field.Name, describe(field), expectedText)
		}
		t.Columns = append(t.Columns, field)
	}
	if err := m.checkWords(t, text); err != nil {
		return Template{}, fmt.Errorf("%s: %w", option, err)
	}
	return t, nil
}

// expectedText says what may stand in a template.
const expectedText = "an integer, a text, a bool or a UUID"

// placeholder is how other templates mark a value.
var placeholder = regexp.MustCompile(`(?:^|[:/])(%[dsvq]|\?|\$\d+)(?:[:/]|$)`)

// checkWords refuses a template that says the same for every row where a field was
// meant.
func (m *Model) checkWords(t Template, text string) error {
	if found := placeholder.FindStringSubmatch(text); found != nil {
		return fmt.Errorf("%q has %s in it, which stands for itself: expected {Field}, such as {%s}", text, found[1], m.Keys[0].Name)
	}
	for _, word := range t.Words() {
		if field := m.Schema.LookUpField(word); field != nil && !slices.Contains(t.Columns, field) && m.meant(field, word) {
			return fmt.Errorf("%q has %s without braces, which is the same for every row: expected {%s}", text, word, field.Name)
		}
	}
	return nil
}

// meant reports whether a word of a template can only mean the field, and is no word of
// the key itself, as "published" and "title" may be.
func (m *Model) meant(field *schema.Field, word string) bool {
	switch {
	case field.DBName == "":
		return false
	case word == field.DBName:
		return strings.Contains(word, "_") || slices.Contains(m.Keys, field)
	default:
		return word == field.Name
	}
}
