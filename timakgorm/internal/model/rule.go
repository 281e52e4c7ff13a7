package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Rule is a tag.Rule whose fields have been looked up.
type Rule struct {
	Key, ID, Source Template
	date            *schema.Field
	when            *schema.Field // nil: always
	unless          bool          // when is negated
	Data            []*schema.Field
	Max             int

	// Audience is that of a publication, whose Key is unset; empty for other rules.
	Audience string
}

func (m *Model) compileRule(r tag.Rule) (compiled Rule, err error) {
	if err := checkOptions(r); err != nil {
		return Rule{}, err
	}
	compiled.Max, compiled.Audience = r.Max, r.Audience
	if compiled.Key, err = m.template("key", r.Key); err != nil {
		return Rule{}, err
	}
	if compiled.ID, err = m.template("id", r.ID); err != nil {
		return Rule{}, err
	}
	if r.ID != "" && len(compiled.ID.Columns) == 0 {
		return Rule{}, fmt.Errorf("id=%s is the same for every row: expected a {Field} in it", r.ID)
	}
	if compiled.Source, err = m.template("source", r.Source); err != nil {
		return Rule{}, err
	}
	if compiled.when, compiled.unless, err = m.condition(r.When); err != nil {
		return Rule{}, err
	}
	if compiled.date, err = m.date(r.Date, compiled.when != nil); err != nil {
		return Rule{}, err
	}
	compiled.Data, err = m.data(r.Data)
	return compiled, err
}

// checkOptions refuses options that a rule cannot have together.
func checkOptions(r tag.Rule) error {
	switch {
	case r.Max < 0:
		return fmt.Errorf("max=%d: expected a number of items, at least 1", r.Max)
	case r.Copy != 0:
		return errors.New("copy=… is an option of subscriptions: expected none here")
	case r.Key == "" && r.Audience == "":
		return errors.New("no key: expected key=…, such as key=author:{AuthorID}:posts")
	case r.Audience == "":
		return nil
	case !plainName(r.Audience):
		return unplainName(r.Audience)
	case r.Key != "":
		return errors.New("key=… and audience=…: expected one of them: a subscription has both")
	case r.Source == "":
		return errors.New("no source: expected source=…, such as source=author:{AuthorID}, that subscriptions name")
	case r.Max != 0:
		return errors.New("max=… is an option of the subscriptions to an audience, whose timelines they are")
	default:
		return nil
	}
}

// plainName reports whether the name of an audience has no fields in it.
func plainName(audience string) bool { return !strings.ContainsAny(audience, "{}") }

func unplainName(audience string) error {
	return fmt.Errorf("audience=%s: an audience has one name for all rows: expected the {Field} in source=…", audience)
}

func (m *Model) data(names []string) ([]*schema.Field, error) {
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

func (m *Model) condition(name string) (field *schema.Field, negated bool, err error) {
	if name == "" {
		return nil, false, nil
	}
	given := name
	name, negated = strings.CutPrefix(name, "!")
	field, err = m.column(strings.TrimSpace(name))
	if err != nil && strings.ContainsAny(name, "&|=<>()! ,") {
		return nil, false, fmt.Errorf("when=%s: expected one bool field, or ! and one: keep a combined condition in a column of its own", given)
	}
	if err != nil {
		return nil, false, fmt.Errorf("when: %w", err)
	}
	if KindOf(field) != schema.Bool {
		return nil, false, fmt.Errorf("when: field %s is a %s: expected a bool", field.Name, describe(field))
	}
	return field, negated, nil
}

const defaultDate = "CreatedAt"

func (m *Model) date(name string, conditional bool) (*schema.Field, error) {
	if name == "" {
		if field := m.Schema.LookUpField(defaultDate); field == nil || field.DBName == "" || KindOf(field) != schema.Time {
			return nil, errors.New("no date: expected date=Field, or a field CreatedAt of type time.Time")
		}
		name = defaultDate
	}
	field, err := m.column(name)
	if err != nil {
		return nil, fmt.Errorf("date: %w", err)
	}
	switch KindOf(field) {
	case schema.Time, schema.Int, schema.Uint:
	default:
		return nil, fmt.Errorf("date: field %s is a %s: expected a time.Time or an integer", field.Name, describe(field))
	}
	if nullable(field) && !conditional {
		return nil, fmt.Errorf("date: field %s may be NULL: expected when=Field as well, which is false while there is no date", field.Name)
	}
	return field, nil
}

// When returns the field that must be true, or false if it is negated, for the rule to
// apply; nil: it always does.
func (r Rule) When() (field *schema.Field, negated bool) { return r.when, r.unless }

// Date returns the field by which a rule's items are ordered.
func (r Rule) Date() *schema.Field { return r.date }

// SameID reports whether the items of two rules of a model have the same ids.
func (r Rule) SameID(other Rule) bool { return r.ID.same(other.ID) }
