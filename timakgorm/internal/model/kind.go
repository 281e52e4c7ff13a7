package model

import (
	"reflect"
	"regexp"
	"strings"
	"sync"

	"gorm.io/gorm/schema"
)

// Kinds of values in addition to GORM's.
const (
	jsonKind  schema.DataType = "json"
	arrayKind schema.DataType = "array" // of a Postgres type
	otherKind schema.DataType = "other" // has no single text, or cannot be compared
)

// storedKinds are the database types that a field's tag may state, with the kind
// of value that they hold. A type that only begins like one of them, such as
// daterange, is not one of them.
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
	"string":      schema.String, // GORM's own name
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

// statedType splits a type into its name and whether it is an array.
var statedType = regexp.MustCompile(`^(?:(?:"[^"]*"|\w+)\.)*("[^"]*"|\w+)` + // with its schema
	`(?:\s+(?:varying|precision|year|month|day|hour|minute|second|to)\b)*` +
	`(?:\s*\([^)]*\))?(?:\s+(with|without)\s+time\s+zone)?\s*(\[|array\b)?`)

// stated returns the type of a field's column, in lower case: the one that the
// model states, or else GORM's own name of it. The name is empty if that is not
// the name of a type.
func stated(field *schema.Field) (name string, array bool) {
	known, ok := split.Load(field.DataType)
	if !ok {
		known, _ = split.LoadOrStore(field.DataType, splitType(string(field.DataType)))
	}
	of := known.(columnType)
	return of.name, of.array
}

// split has the columnType of each type that a model states: every row asks for it.
var split sync.Map

type columnType struct {
	name  string
	array bool
}

func splitType(text string) columnType {
	parts := statedType.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if parts == nil {
		return columnType{}
	}
	name := strings.Trim(parts[1], `"`)
	if parts[2] == "with" {
		name += "tz"
	}
	return columnType{name, parts[3] != ""}
}

// KindOf returns what a column holds. GORM's field.DataType is not enough: where
// the model states the column's type, as in gorm:"type:timestamptz", it is that
// text.
func KindOf(field *schema.Field) schema.DataType {
	if _, array := stated(field); array {
		return arrayKind
	}
	return elementKind(field)
}

// elementKind is KindOf, but for an array it is the kind of its elements.
func elementKind(field *schema.Field) schema.DataType {
	name, array := stated(field)
	switch field.GORMDataType {
	case schema.Bool, schema.Time, schema.Float:
		if !array {
			return field.GORMDataType // whatever type the column has
		}
	default:
	}
	if field.DataType == schema.Time { // a serializer makes a time of an integer
		return schema.Time
	}
	if kind, known := storedKinds[name]; known {
		return kind
	}
	return field.GORMDataType
}

// describe names the type of a field as the model states it, for messages.
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

// IsInteger reports whether a column holds integers and the model does not state
// its type.
func IsInteger(field *schema.Field) bool {
	kind := KindOf(field)
	return (kind == schema.Int || kind == schema.Uint) && field.TagSettings["TYPE"] == ""
}

// textual reports whether a column's value has one text in every database.
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
