package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"
)

// ErrColumns is returned, wrapped, for a table whose columns do not have the
// types that their fields and the rules require.
var ErrColumns = errors.New("expected")

// Column is a column as Postgres describes it.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"` // as SQL writes it

	// Root is the type without its domains, with its schema if that is not
	// pg_catalog. Form is its kind: b a base type, a an array, c a composite, e
	// an enum, r a range, m a multirange. Whole says that a number has no
	// fraction. Single says that its JSON is a single value and that it can be
	// sorted.
	Root   string `json:"root"`
	Form   string `json:"form"`
	Whole  bool   `json:"whole"`
	Single bool   `json:"single"`

	// Loose says that its collation treats different texts as equal.
	Loose bool `json:"loose"`

	// Leaves are the base types that it is made of, with "range " before those
	// within a range.
	Leaves []string `json:"leaves"`
}

// CheckColumn refuses a column for its type, or for what a rule uses it for. The
// error wraps ErrColumns.
func (m *Model) CheckColumn(c Column) error {
	field := m.Schema.LookUpField(c.Name)
	refused := func(part, expected string) error {
		return fmt.Errorf("timakgorm: %s: %sfield %s is a %s, and its column %q is a %s: %w %s",
			m.Schema.Name, part, field.Name, describe(field), c.Name, c.Type, ErrColumns, expected)
	}
	if expected := c.refused(); expected != "" {
		return refused("", expected)
	}
	if !c.fits(field) {
		return refused("", fmt.Sprintf("the field to state that type, as in gorm:\"type:%s\"", c.Type))
	}
	if slices.Contains(m.Keys, field) && !c.isText(field) {
		return refused("primary key: ", "an integer, a text or a UUID")
	}
	for _, r := range slices.Concat(m.Rules, m.Publications, m.asRules()) {
		if part := r.templateWith(field); part != "" && !c.isText(field) {
			return refused(part+": ", expectedText)
		}
		if r.date == field && !c.isDate(field) {
			return refused("date: ", "a timestamp, a date or a whole number")
		}
		if r.when == field && !slices.Contains(boolTypes, c.Root) {
			return refused("when: ", "a boolean")
		}
	}
	return nil
}

// asRules returns the subscriptions as rules with the same templates and conditions.
func (m *Model) asRules() (rules []Rule) {
	for _, s := range m.Subscriptions {
		rules = append(rules, Rule{Key: s.Key, Source: s.Source, when: s.when})
	}
	return rules
}

// templateWith returns the name of the option whose template names a field, or ""
// if none does.
func (r Rule) templateWith(field *schema.Field) string {
	switch {
	case slices.Contains(r.Key.Columns, field):
		return "key"
	case slices.Contains(r.ID.Columns, field):
		return "id"
	case slices.Contains(r.Source.Columns, field):
		return "source"
	default:
		return ""
	}
}

// refused returns what is expected instead of a type that no rule may name,
// because its text depends on more than its value. It is "" for other types.
func (c Column) refused() string {
	for _, leaf := range c.Leaves {
		switch leaf = strings.TrimPrefix(leaf, "range "); {
		case leaf == "money":
			return "a numeric, as the text of money depends on lc_monetary: change the column's type, or name a generated one that casts it"
		case leaf == "aclitem", strings.HasPrefix(leaf, "reg") && !strings.Contains(leaf, "."):
			return "an oid or a text, as its text is a name that may change elsewhere: change the column's type"
		}
	}
	return ""
}

// sessionTypes are the types that Postgres writes according to settings of the
// session.
var sessionTypes = map[string]bool{
	"timestamptz": true, "range timestamptz": true, "range timestamp": true, "range date": true,
	"interval": true, "range interval": true, "bytea": true, "range bytea": true,
	"float4": true, "float8": true, "range float4": true, "range float8": true,
	"point": true, "line": true, "lseg": true, "box": true, "path": true, "polygon": true, "circle": true,
}

// fits reports whether the model says enough of a column to write it the same in
// every session.
func (c Column) fits(field *schema.Field) bool {
	kind := KindOf(field)
	switch {
	case kind == schema.Bytes && Exact(field):
		return c.Root == "bytea"
	case kind == schema.Time && c.Root == "timestamptz":
		return true
	case kind == schema.Float && !Exact(field):
		return c.Form == "b" && (c.Root == "float4" || c.Root == "float8" || !sessionTypes[c.Root])
	case !Exact(field):
		return true
	default:
		return !slices.ContainsFunc(c.Leaves, func(leaf string) bool { return sessionTypes[leaf] })
	}
}

// textTypes are those of Postgres' own types whose values have exactly one text,
// and are equal if and only if their texts are.
var textTypes = []string{
	"bool", "int2", "int4", "int8", "oid", "xid8", "pg_lsn", "text", "varchar", "bpchar", "char", "name", "uuid",
	"inet", "cidr", "macaddr", "macaddr8", "bit", "varbit", "time", "timetz",
}

var boolTypes = []string{"bool", "int2", "int4", "int8", "numeric", "text", "varchar", "bpchar"}

// isText reports whether a column may stand in a template. A value of a range may
// have two texts, which the audit takes into account. A text that depends on the
// session is refused.
func (c Column) isText(field *schema.Field) bool {
	switch c.Form {
	case "e":
		return true
	case "r", "m":
		return !slices.ContainsFunc(c.Leaves, func(leaf string) bool {
			return strings.HasSuffix(leaf, "float4") || strings.HasSuffix(leaf, "float8") || strings.HasSuffix(leaf, "interval")
		})
	case "b":
		return slices.Contains(textTypes, c.Root) || c.Whole && KindOf(field) != schema.String || strings.Contains(c.Root, ".") && c.Single
	default:
		return false
	}
}

// Alike reports whether different texts may be one value of a column: in citext A
// equals a, while in a key they differ. For types of extensions it is unknown,
// and Alike returns true.
func (c Column) Alike() bool {
	return c.Loose || c.Type == "bpchar" || !c.Whole && slices.ContainsFunc(c.Leaves, func(leaf string) bool {
		return strings.HasSuffix(leaf, "numeric") || strings.Contains(leaf, ".")
	})
}

// isDate reports whether a column may be a rule's date.
func (c Column) isDate(field *schema.Field) bool {
	if KindOf(field) == schema.Time {
		return slices.Contains([]string{"date", "timestamp", "timestamptz", "text", "varchar", "bpchar"}, c.Root)
	}
	return c.Whole || slices.Contains([]string{"int2", "int4", "int8", "oid"}, c.Root)
}
