package timakgorm

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"gorm.io/gorm/schema"
)

// model is a tracked table: what GORM knows of it, and its compiled rules.
type model struct {
	schema  *schema.Schema
	table   string          // as the rules and the outbox name it; may be schema.table
	keys    []*schema.Field // the primary key
	columns []*schema.Field // the image: the primary key and all that rules name
	rules   []rule

	// visible is the condition that a row is not soft-deleted, with rowMark
	// before its columns; empty if the model has no soft delete. Set by
	// readVisibility, with the fields that it names.
	visible, rowMark string
	quote            func(string) string
	visibility       []*schema.Field
}

// timelineType is the type of the fields that carry rules.
var timelineType = reflect.TypeFor[Timeline]()

// compile reads a model's schema and rules. Every mistake is an error that
// names the model, the rule and what was expected.
func compile(tracked Tracked, namer schema.Namer) (*model, error) {
	t := structType(tracked.model)
	if t == nil || t.Kind() != reflect.Struct || t.Name() == "" {
		return nil, fmt.Errorf("timakgorm: register %T: expected a pointer to a model's struct, such as &Post{}", tracked.model)
	}
	m, err := compileStruct(t, namer, tracked.rules)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: %s: %w", t.Name(), err)
	}
	return m, nil
}

// structType returns the type that a model points to.
func structType(model any) reflect.Type {
	t := reflect.TypeOf(model)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func compileStruct(t reflect.Type, namer schema.Namer, rules []Rule) (*model, error) {
	tagged, err := taggedRules(t)
	if err != nil {
		return nil, err
	}
	s, err := schema.Parse(reflect.New(t).Interface(), &sync.Map{}, namer)
	if err != nil {
		return nil, fmt.Errorf("gorm: %w", err)
	}
	m := &model{schema: s, table: s.Table, keys: s.PrimaryFields}
	if err := m.checkKeys(); err != nil {
		return nil, err
	}
	return m, m.compile(append(tagged, rules...))
}

func (m *model) compile(rules []Rule) error {
	if len(rules) == 0 {
		return errors.New("no rules: expected a field like\n\t_ timakgorm.Timeline `timak:\"key=author:{AuthorID}:posts\"`")
	}
	for _, r := range rules {
		compiled, err := m.compileRule(r)
		if err != nil {
			return fmt.Errorf("rule %q: %w", r, err)
		}
		if slices.ContainsFunc(m.rules, func(other rule) bool { return other.key.same(compiled.key) }) {
			return fmt.Errorf("rule %q: a rule before it has the same key: expected one rule a key", r)
		}
		m.rules = append(m.rules, compiled)
	}
	return nil
}

// taggedRules reads the rules in a model's tags, embedded structs included.
func taggedRules(t reflect.Type) ([]Rule, error) {
	var rules []Rule
	for field := range t.Fields() {
		if inner := embedded(field); inner != nil {
			more, err := taggedRules(inner)
			if err != nil {
				return nil, err
			}
			rules = append(rules, more...)
			continue
		}
		text, tagged := field.Tag.Lookup("timak")
		if !tagged && field.Type != timelineType {
			continue
		}
		if err := checkTimeline(field, tagged); err != nil {
			return nil, err
		}
		r, err := parseRule(text)
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", text, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// embedded returns the struct whose columns GORM takes for the model's own; nil
// if the field is none.
func embedded(field reflect.StructField) reflect.Type {
	t := field.Type
	if t.Kind() == reflect.Pointer && field.IsExported() {
		t = t.Elem()
	}
	_, tagged := schema.ParseTagSetting(field.Tag.Get("gorm"), ";")["EMBEDDED"]
	if t.Kind() != reflect.Struct || t == timelineType || !field.Anonymous && !tagged {
		return nil
	}
	return t
}

const expectedTag = "expected one like `timak:\"key=author:{AuthorID}:posts\"`"

// checkTimeline checks a field that has a tag timak, or should have one.
func checkTimeline(field reflect.StructField, tagged bool) error {
	_, ignored := schema.ParseTagSetting(field.Tag.Get("gorm"), ";")["-"]
	switch {
	case field.Type != timelineType:
		return fmt.Errorf("field %s has a tag timak, but is a %s: expected a field _ of type timakgorm.Timeline", field.Name, field.Type)
	case !tagged && field.Tag == "":
		return fmt.Errorf("field %s has no tag timak: %s", field.Name, expectedTag)
	case !tagged:
		return fmt.Errorf("field %s has no tag timak in `%s`: %s", field.Name, field.Tag, expectedTag)
	case field.IsExported() && !field.Anonymous && !ignored:
		return fmt.Errorf("field %s is a timakgorm.Timeline: expected it to be named _, for GORM to pass it over", field.Name)
	default:
		return nil
	}
}

// checkKeys refuses primary keys whose values have no one way to be written as
// JSON.
func (m *model) checkKeys() error {
	if len(m.keys) == 0 {
		return errors.New("no primary key: expected a field ID, or one tagged gorm:\"primaryKey\"")
	}
	for _, key := range m.keys {
		if !textual(key) || kindOf(key) == schema.Bool {
			return fmt.Errorf("primary key: field %s is a %s: expected an integer, a text or a UUID", key.Name, describe(key))
		}
		m.image(key)
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
