package model

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Model is a tracked table: what GORM knows of it, and its compiled rules.
// Compile makes it.
type Model struct {
	Schema  *schema.Schema
	Table   string          // as the rules and the outbox name it; may be schema.table
	Keys    []*schema.Field // the primary key
	Columns []*schema.Field // the image: the primary key and all that rules name
	Rules   []Rule          // of timelines by their keys

	Publications  []Rule // of audiences
	Subscriptions []Subscriber

	// Visible is the condition that a row is not soft-deleted, with RowMark
	// before its columns; "" if the model has no soft delete. Visibility are the
	// fields that it names, and Quote quotes a name as it does. ReadVisibility
	// sets them.
	Visible, RowMark string
	Quote            func(string) string
	Visibility       []*schema.Field
}

// Declared is a model as the application names it: a pointer to its struct, and
// rules in addition to those in its tags.
type Declared struct {
	Value any
	Rules []tag.Rule
}

// Compile reads a model's schema and rules. Every mistake is an error that names
// the model, the rule and what was expected.
func Compile(d Declared, namer schema.Namer) (*Model, error) {
	t := StructType(d.Value)
	if t == nil || t.Kind() != reflect.Struct || t.Name() == "" {
		return nil, fmt.Errorf("timakgorm: register %T: expected a pointer to a model's struct, such as &Post{}", d.Value)
	}
	m, err := compileStruct(t, namer, d.Rules)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: %s: %w", t.Name(), err)
	}
	return m, nil
}

// StructType returns the type that a model points to, through any number of
// pointers.
func StructType(model any) reflect.Type {
	t := reflect.TypeOf(model)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func compileStruct(t reflect.Type, namer schema.Namer, rules []tag.Rule) (*Model, error) {
	tagged, err := taggedRules(t)
	if err != nil {
		return nil, err
	}
	s, err := schema.Parse(reflect.New(t).Interface(), &sync.Map{}, namer)
	if err != nil {
		return nil, fmt.Errorf("gorm: %w", err)
	}
	m := &Model{Schema: s, Table: s.Table, Keys: s.PrimaryFields}
	if err := m.checkKeys(); err != nil {
		return nil, err
	}
	return m, m.compile(append(tagged, rules...))
}

func (m *Model) compile(rules []tag.Rule) error {
	if len(rules) == 0 {
		return errors.New("no rules: expected a field like\n\t_ timakgorm.Timeline `timak:\"key=author:{AuthorID}:posts\"`")
	}
	for _, r := range rules {
		add := m.add
		if r.Subscribes {
			add = m.subscribe
		}
		if err := add(r); err != nil {
			return fmt.Errorf("rule %q: %w", r, err)
		}
	}
	return nil
}

// add adds a rule that puts items on timelines.
func (m *Model) add(r tag.Rule) error {
	compiled, err := m.compileRule(r)
	if err != nil {
		return err
	}
	if r.Audience != "" {
		return m.publish(compiled)
	}
	if slices.ContainsFunc(m.Rules, func(other Rule) bool { return other.Key.same(compiled.Key) }) {
		return errors.New("an earlier rule has the same key: expected one rule per key")
	}
	m.Rules = append(m.Rules, compiled)
	return nil
}

// checkKeys refuses primary keys whose values do not have exactly one form in
// JSON.
func (m *Model) checkKeys() error {
	if len(m.Keys) == 0 {
		return errors.New("no primary key: expected a field ID, or one tagged gorm:\"primaryKey\"")
	}
	for _, key := range m.Keys {
		if !textual(key) || KindOf(key) == schema.Bool {
			return fmt.Errorf("primary key: field %s is a %s: expected an integer, a text or a UUID", key.Name, describe(key))
		}
		m.image(key)
	}
	return nil
}

// image adds a field to the image, unless it is there already, and returns the
// field.
func (m *Model) image(field *schema.Field) *schema.Field {
	if !slices.Contains(m.Columns, field) {
		m.Columns = append(m.Columns, field)
	}
	return field
}

// column returns the field that a rule names.
func (m *Model) column(name string) (*schema.Field, error) {
	field := m.Schema.LookUpField(name)
	if field == nil || field.DBName == "" {
		return nil, fmt.Errorf("no field %q with a column: expected one of %s", name, strings.Join(m.fieldNames(), ", "))
	}
	return m.image(field), nil
}

func (m *Model) fieldNames() []string {
	var names []string
	for _, field := range m.Schema.Fields {
		if field.DBName != "" {
			names = append(names, field.Name)
		}
	}
	return names
}
