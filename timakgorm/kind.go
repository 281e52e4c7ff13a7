package timakgorm

import (
	"regexp"
	"strings"

	"gorm.io/gorm/schema"
)

// storedKinds are the database types that a field's tag may state, by their
// first words, and the kind of value that they hold. A type that only begins
// like one of them, such as daterange, is another.
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
	"real":        schema.Float,
	"double":      schema.Float,
	"json":        "json",
	"jsonb":       "json",
}

// firstWord is that of a type.
var firstWord = regexp.MustCompile(`^\w+`)

// kindOf returns what a column holds. GORM's field.DataType is no answer where
// the model states the column's type, as in gorm:"type:timestamptz": it is that
// text then.
func kindOf(field *schema.Field) schema.DataType {
	switch field.GORMDataType {
	case schema.Bool, schema.Time, schema.Float:
		return field.GORMDataType // whatever the column is called
	default:
	}
	if field.DataType == schema.Time { // as a serializer makes of an integer
		return schema.Time
	}
	stated := strings.ToLower(string(field.DataType))
	if kind, known := storedKinds[firstWord.FindString(stated)]; known {
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
