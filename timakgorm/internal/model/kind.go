package model

import (
	"reflect"
	"regexp"
	"strings"

	"gorm.io/gorm/schema"
)

// Kinds of values beside those of GORM.
const (
	jsonKind  schema.DataType = "json"
	arrayKind schema.DataType = "array" // of a Postgres type
	otherKind schema.DataType = "other" // that has no one text, or that cannot be compared
)

// storedKinds are the database types that a field's tag may state, and the kind
// of value that they hold. A type that only begins like one of them, such as
// daterange, is another.
var storedKinds = map[string]schema.DataType{
	"uuid":        schema.String,
	"char":        schema.String,
	"character":   schema.String,
	"bpchar":      schema.String,
	"nchar":       schema.String,
	"varchar":     schema.String,
	"nvarchar":    schema.String,
	"text":        schema.String,
	"citext":      schema.String,
	"string":      schema.String, // as GORM calls its own
	"bytes":       schema.Bytes,
	"bytea":       schema.Bytes,
	"blob":        schema.Bytes,
	"binary":      schema.Bytes,
	"varbinary":   schema.Bytes,
	"timestamp":   schema.Time,
	"timestamptz": schema.Time,
	"datetime":    schema.Time,
	"date":        schema.Time,
	"numeric":     schema.Float,
	"decimal":     schema.Float,
	"dec":         schema.Float,
	"real":        schema.Float,
	"double":      schema.Float,
	"float":       schema.Float,
	"float4":      schema.Float,
	"float8":      schema.Float,
	"json":        jsonKind,
	"jsonb":       jsonKind,
	"jsonpath":    otherKind,
	"xml":         otherKind,
	"money":       otherKind,
	"interval":    otherKind,
	"point":       otherKind,
	"line":        otherKind,
	"lseg":        otherKind,
	"box":         otherKind,
	"path":        otherKind,
	"polygon":     otherKind,
	"circle":      otherKind,
}

// statedType parts a type into its name and whether it is an array.
var statedType = regexp.MustCompile(`^(?:(?:"[^"]*"|\w+)\.)*("[^"]*"|\w+)` + // with its schema
	`(?:\s+(?:varying|precision|year|month|day|hour|minute|second|to)\b)*` +
	`(?:\s*\([^)]*\))?(?:\s+(with|without)\s+time\s+zone)?\s*(\[|array\b)?`)

// stated returns the type of a field's column as the model states it, in lower
// case; an empty name if it states none. GORM's own names of types are none.
func stated(field *schema.Field) (name string, array bool) {
	parts := statedType.FindStringSubmatch(strings.ToLower(strings.TrimSpace(string(field.DataType))))
	if parts == nil {
		return "", false
	}
	name = strings.Trim(parts[1], `"`)
	if parts[2] == "with" {
		name += "tz"
	}
	return name, parts[3] != ""
}

// KindOf returns what a column holds. GORM's field.DataType is no answer where
// the model states the column's type, as in gorm:"type:timestamptz": it is that
// text then.
func KindOf(field *schema.Field) schema.DataType {
	if _, array := stated(field); array {
		return arrayKind
	}
	return elementKind(field)
}

// elementKind is kindOf, and for an array that of its elements.
func elementKind(field *schema.Field) schema.DataType {
	name, array := stated(field)
	switch field.GORMDataType {
	case schema.Bool, schema.Time, schema.Float:
		if !array {
			return field.GORMDataType // whatever the column is called
		}
	default:
	}
	if field.DataType == schema.Time { // as a serializer makes of an integer
		return schema.Time
	}
	if kind, known := storedKinds[name]; known {
		return kind
	}
	return field.GORMDataType
}

// describe names a field's type as the model states it, for messages.
func describe(field *schema.Field) string {
	text := field.FieldType.String()
	if stated := field.TagSettings["TYPE"]; stated != "" {
		text += " of type " + stated
	}
	if field.Serializer != nil {
		text += " with a serializer"
	}
	return text
}

// Whole reports whether a column holds integers.
func Whole(field *schema.Field) bool {
	kind := KindOf(field)
	return kind == schema.Int || kind == schema.Uint
}

// IsInteger reports whether a column is an integer, as far as the model says.
func IsInteger(field *schema.Field) bool {
	kind := KindOf(field)
	return (kind == schema.Int || kind == schema.Uint) && field.TagSettings["TYPE"] == ""
}

// textual reports whether a column's value has one way to be written as text,
// whatever the database.
func textual(field *schema.Field) bool {
	switch KindOf(field) {
	case schema.Int, schema.Uint, schema.String, schema.Bool:
		return field.Serializer == nil
	default:
		return false
	}
}

// nullable reports whether a Go field can hold NULL.
func nullable(field *schema.Field) bool {
	if field.NotNull || field.PrimaryKey {
		return false
	}
	return field.FieldType.Kind() == reflect.Pointer ||
		field.FieldType.Kind() == reflect.Struct && field.FieldType.String() != "time.Time"
}
