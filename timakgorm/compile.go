package timakgorm

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// rule is a Rule whose fields have been found.
type rule struct {
	key, id, source template
	date            *schema.Field
	when            *schema.Field // nil: always
	unless          bool          // when is negated
	data            []*schema.Field
	max             int
}

// template is a parsed template with its fields. The zero template is unset.
type template struct {
	tag.Template
	columns []*schema.Field
}

// same reports whether two templates render every row alike.
func (t template) same(other template) bool {
	if !slices.Equal(t.columns, other.columns) {
		return false
	}
	marks := slices.Repeat([]string{"{}"}, len(t.columns))
	return t.Render(marks) == other.Render(marks)
}

func (m *model) compileRule(r Rule) (compiled rule, err error) {
	if r.Key == "" {
		return rule{}, errors.New("no key: expected key=…, such as key=author:{AuthorID}:posts")
	}
	if r.Max < 0 {
		return rule{}, fmt.Errorf("max=%d: expected a number of items, at least 1", r.Max)
	}
	compiled.max = r.Max
	if compiled.key, err = m.template("key", r.Key); err != nil {
		return rule{}, err
	}
	if compiled.id, err = m.template("id", r.ID); err != nil {
		return rule{}, err
	}
	if r.ID != "" && len(compiled.id.columns) == 0 {
		return rule{}, fmt.Errorf("id=%s is the same for every row: expected a {Field} in it", r.ID)
	}
	if compiled.source, err = m.template("source", r.Source); err != nil {
		return rule{}, err
	}
	if compiled.when, compiled.unless, err = m.condition(r.When); err != nil {
		return rule{}, err
	}
	if compiled.date, err = m.date(r.Date, compiled.when != nil); err != nil {
		return rule{}, err
	}
	compiled.data, err = m.data(r.Data)
	return compiled, err
}

func (m *model) data(names []string) ([]*schema.Field, error) {
	var fields []*schema.Field
	for _, name := range names {
		field, err := m.column(name)
		if err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		if slices.Contains(fields, field) {
			return nil, fmt.Errorf("data: field %s is named twice", field.Name)
		}
		fields = append(fields, field)
	}
	return fields, nil
}

func (m *model) template(option, text string) (template, error) {
	if text == "" {
		return template{}, nil
	}
	parsed, err := tag.ParseTemplate(text)
	if err != nil {
		return template{}, fmt.Errorf("%s: %w", option, err)
	}
	t := template{Template: parsed}
	for _, name := range parsed.Fields() {
		field, err := m.column(name)
		if err != nil {
			return template{}, fmt.Errorf("%s: %w", option, err)
		}
		if !textual(field) {
			return template{}, fmt.Errorf("%s: field %s is a %s: expected %s", option, field.Name, describe(field), expectedText)
		}
		t.columns = append(t.columns, field)
	}
	return t, nil
}

// expectedText is what may stand in a template.
const expectedText = "an integer, a text, a bool or a UUID"

// textual reports whether a column's value has one way to be written as text,
// whatever the database.
func textual(field *schema.Field) bool {
	switch kindOf(field) {
	case schema.Int, schema.Uint, schema.String, schema.Bool:
		return field.Serializer == nil
	default:
		return false
	}
}

func (m *model) condition(name string) (field *schema.Field, negated bool, err error) {
	if name == "" {
		return nil, false, nil
	}
	name, negated = strings.CutPrefix(name, "!")
	field, err = m.column(strings.TrimSpace(name))
	if err != nil {
		return nil, false, fmt.Errorf("when: %w", err)
	}
	if kindOf(field) != schema.Bool {
		return nil, false, fmt.Errorf("when: field %s is a %s: expected a bool", field.Name, describe(field))
	}
	return field, negated, nil
}

const defaultDate = "CreatedAt"

func (m *model) date(name string, conditional bool) (*schema.Field, error) {
	if name == "" {
		if field := m.schema.LookUpField(defaultDate); field == nil || field.DBName == "" || kindOf(field) != schema.Time {
			return nil, errors.New("no date: expected date=Field, or a field CreatedAt of type time.Time")
		}
		name = defaultDate
	}
	field, err := m.column(name)
	if err != nil {
		return nil, fmt.Errorf("date: %w", err)
	}
	switch kindOf(field) {
	case schema.Time, schema.Int, schema.Uint:
	default:
		return nil, fmt.Errorf("date: field %s is a %s: expected a time.Time or an integer", field.Name, describe(field))
	}
	if nullable(field) && !conditional {
		return nil, fmt.Errorf("date: field %s may be NULL: expected when=Field as well, which is false while there is no date", field.Name)
	}
	return field, nil
}

// nullable reports whether a Go field can hold NULL.
func nullable(field *schema.Field) bool {
	if field.NotNull || field.PrimaryKey {
		return false
	}
	return field.FieldType.Kind() == reflect.Pointer ||
		field.FieldType.Kind() == reflect.Struct && field.FieldType.String() != "time.Time"
}
