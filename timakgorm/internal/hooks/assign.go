package hooks

import (
	"slices"
	"strings"

	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// names reports whether the left side of an assignment may be a field's column. Raw
// SQL there may quote the name, or be a row of several columns: it counts as each
// column whose name is in it.
func names(t *dialect.Table, column clause.Column, field *schema.Field) bool {
	switch {
	case column.Name == clause.PrimaryKey, column.Raw && sqltext.EscapedName.MatchString(column.Name): // may be any column
		return true
	case !column.Raw && !strings.ContainsAny(column.Name, "\"`["):
		return isNamed(t, column.Name, field)
	default:
		return slices.ContainsFunc(sqltext.Words(column.Name), func(word string) bool { return isNamed(t, sqltext.NamePart(word, '\\'), field) })
	}
}

// isNamed reports whether a name may be that of a field's column. On SQLite rowid and
// its synonyms may be any, unless the model has a column of that name.
func isNamed(t *dialect.Table, name string, field *schema.Field) bool {
	rowID := t.Dialect.Name == dialect.SQLite.Name && slices.ContainsFunc([]string{"rowid", "oid", "_rowid_"}, func(number string) bool { return sqltext.SameName(number, name) })
	return sqltext.SameName(name, field.DBName) || rowID && t.Model.Schema.LookUpField(name) == nil
}

// watches reports whether one of the assignments is to a column on which an image
// depends, or may set other columns than the one that it names.
func watches(t *dialect.Table, set clause.Set) bool {
	return slices.ContainsFunc(set, func(assignment clause.Assignment) bool {
		if !statement.IsPlain(assignment.Value) && !isOneExpression(t.Dialect.Language, assignment.Value) {
			return true
		}
		return slices.ContainsFunc(model.Watched(t.Model), func(field *schema.Field) bool { return names(t, assignment.Column, field) })
	})
}

// assignsKey reports whether one of the assignments may change the primary key.
// Setting it to the value by which the row was found does not.
func assignsKey(t *dialect.Table, set clause.Set, found []clause.Column) bool {
	return slices.ContainsFunc(set, func(assignment clause.Assignment) bool {
		return slices.ContainsFunc(t.Model.Keys, func(key *schema.Field) bool {
			return names(t, assignment.Column, key) && !keeps(found, assignment)
		})
	})
}

func isKey(t *dialect.Table, column string) bool {
	for _, key := range t.Model.Keys {
		if key.DBName == column {
			return true
		}
	}
	return false
}

// unadorned reports whether a clause consists of its expression only.
func unadorned(c clause.Clause) bool {
	return c.Builder == nil && c.BeforeExpression == nil && c.AfterNameExpression == nil && c.AfterExpression == nil
}

// keeps reports whether an assignment sets a column to the value by which the
// row was found.
func keeps(found []clause.Column, assignment clause.Assignment) bool {
	excluded, ok := assignment.Value.(clause.Column)
	return ok && excluded.Table == "excluded" && excluded.Name == assignment.Column.Name && statement.ColumnPlace(found, excluded.Name) >= 0
}

// isOneExpression reports whether an expression is the value of a single column, and
// goes on with no further assignment.
func isOneExpression(lang sqltext.Language, value any) bool {
	expression, ok := value.(clause.Expr)
	if !ok || slices.ContainsFunc(expression.Vars, func(v any) bool { return !statement.IsPlain(v) }) {
		return false
	}
	return lang.IsOneValue(expression.SQL)
}
