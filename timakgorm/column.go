package timakgorm

import (
	"slices"
	"strings"

	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// names reports whether what is assigned to may be a field's column. A name that
// is written as it stands may be quoted, or be a row of several columns: it names
// those that are in it anywhere.
func (t *table) names(column clause.Column, field *schema.Field) bool {
	switch {
	case column.Name == clause.PrimaryKey, column.Raw && escapedName.MatchString(column.Name): // it may be any
		return true
	case !column.Raw && !strings.ContainsAny(column.Name, "\"`["):
		return t.isNamed(column.Name, field)
	default:
		return slices.ContainsFunc(sqlWords(column.Name), func(word string) bool { return t.isNamed(namePart(word, '\\'), field) })
	}
}

// isNamed reports whether a name is that of a field's column. SQLite has other
// names for one that is its rows' number.
func (t *table) isNamed(name string, field *schema.Field) bool {
	rowID := t.dialect.name == sqlite.name && slices.ContainsFunc([]string{"rowid", "oid", "_rowid_"}, func(number string) bool { return sameName(number, name) })
	return sameName(name, field.DBName) || rowID && t.model.schema.LookUpField(name) == nil
}
