package timakgorm

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// model is a tracked table: what GORM knows of it, and its compiled rules.
type model struct {
	schema  *schema.Schema
	table   string          // as the rules and the outbox name it; may be schema.table
	keys    []*schema.Field // the primary key
	columns []*schema.Field // the image: the primary key and all that rules name
	deleted *schema.Field   // marks a soft-deleted row; nil if there is none
	rules   []rule
}

// timelineType is the type of the fields that carry rules.
var timelineType = reflect.TypeFor[Timeline]()

// compile reads a model's schema and rules. Every mistake is an error that
// names the model, the rule and what was expected.
func compile(tracked Tracked, namer schema.Namer) (*model, error) {
	s, err := schema.Parse(tracked.model, &sync.Map{}, namer)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: %T: %w", tracked.model, err)
	}
	m := &model{schema: s, table: s.Table, keys: s.PrimaryFields}
	if err := m.compile(tracked.rules); err != nil {
		return nil, fmt.Errorf("timakgorm: %s: %w", s.Name, err)
	}
	return m, nil
}

func (m *model) compile(rules []Rule) error {
	if err := m.checkKeys(); err != nil {
		return err
	}
	if err := m.findSoftDelete(); err != nil {
		return err
	}
	tagged, err := taggedRules(m.schema.ModelType)
	if err != nil {
		return err
	}
	rules = append(tagged, rules...)
	if len(rules) == 0 {
		return errors.New("no rules: expected a field like\n\t_ timakgorm.Timeline `timak:\"key=author:{AuthorID}:posts\"`")
	}
	for i, r := range rules {
		if slices.ContainsFunc(rules[:i], func(other Rule) bool { return other.Key == r.Key }) {
			return fmt.Errorf("two rules with the same key %q: expected one, or two keys", r.Key)
		}
		compiled, err := m.compileRule(r)
		if err != nil {
			return fmt.Errorf("rule %q: %w", r, err)
		}
		m.rules = append(m.rules, compiled)
	}
	return nil
}

// taggedRules reads the rules in a model's tags, embedded structs included.
func taggedRules(t reflect.Type) ([]Rule, error) {
	var rules []Rule
	for field := range t.Fields() {
		switch {
		case field.Type == timelineType:
			r, err := parseRule(field.Tag.Get("timak"))
			if err != nil {
				return nil, fmt.Errorf("rule %q: %w", field.Tag.Get("timak"), err)
			}
			rules = append(rules, r)
		case field.Anonymous && field.Type.Kind() == reflect.Struct:
			embedded, err := taggedRules(field.Type)
			if err != nil {
				return nil, err
			}
			rules = append(rules, embedded...)
		}
	}
	return rules, nil
}

// checkKeys refuses primary keys whose values have no one way to be written as
// JSON.
func (m *model) checkKeys() error {
	if len(m.keys) == 0 {
		return errors.New("no primary key: expected a field ID, or one tagged gorm:\"primaryKey\"")
	}
	for _, key := range m.keys {
		switch key.DataType {
		case schema.Time, schema.Bytes, schema.Float, schema.Bool:
			return fmt.Errorf("primary key %s is a %s: expected an integer, a text or a UUID", key.Name, key.DataType)
		default:
		}
		m.image(key)
	}
	return nil
}

// findSoftDelete finds the column that hides a row from GORM.
func (m *model) findSoftDelete() error {
	for _, field := range m.schema.Fields {
		if field.DBName == "" {
			continue
		}
		switch reflect.New(field.IndirectFieldType).Interface().(type) {
		case *gorm.DeletedAt:
			if field.TagSettings["ZEROVALUE"] != "" {
				return fmt.Errorf("field %s: a zeroValue of gorm.DeletedAt is not supported: expected NULL for rows that are not deleted", field.Name)
			}
			m.deleted = field
		case schema.QueryClausesInterface:
			return fmt.Errorf("field %s: soft delete by a %s is not supported: expected gorm.DeletedAt", field.Name, field.FieldType)
		}
	}
	return nil
}

// image adds a field to the image and returns its place there.
func (m *model) image(field *schema.Field) *schema.Field {
	if !slices.Contains(m.columns, field) {
		m.columns = append(m.columns, field)
	}
	return field
}

// column returns the field that a rule names.
func (m *model) column(name string) (*schema.Field, error) {
	field := m.schema.LookUpField(name)
	if field == nil || field.DBName == "" {
		return nil, fmt.Errorf("no field %q with a column: expected one of %s", name, strings.Join(m.fieldNames(), ", "))
	}
	return m.image(field), nil
}

func (m *model) fieldNames() []string {
	var names []string
	for _, field := range m.schema.Fields {
		if field.DBName != "" {
			names = append(names, field.Name)
		}
	}
	return names
}
