package hooks

import (
	"database/sql/driver"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// carriedForm is a statement in a form that can carry its own record.
type carriedForm struct {
	inserts  bool
	one      bool               // it writes one row at most, which keeps its key
	conflict *clause.OnConflict // of an upsert, which may meet one row
	meets    [][]any            // the values by which it finds that
	returns  bool               // it returns rows
	users    []clause.Column    // the columns of these; none: all
}

// mayCarry reports whether a statement may carry its record here, if its form allows that.
func (c *capture) mayCarry() bool {
	tx := session.TransactionOf(c.ConnPool)
	return c.hooks.tables.Dialect.Lock && c.target != nil && c.reach == nil && len(c.target.More) == 0 && (tx == nil || !tx.OldSnapshot)
}

// carriedForm returns the form of the statement, and whether it can carry its record.
func (c *capture) carriedForm() (*carriedForm, bool) {
	if !c.plainClauses() {
		return nil, false
	}
	form := &carriedForm{inserts: c.verb == statement.Create}
	if !form.addReturning(c.db.Statement) || c.setsKey() {
		return nil, false
	}
	form.one = form.inserts && insertsOne(c.db.Statement) || !form.inserts && c.pinsKey()
	conflict, upserts := c.db.Statement.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	if !form.inserts || !upserts || conflict.DoNothing {
		return form, true
	}
	form.conflict = &conflict
	return form, form.addUpsert(c)
}

// plainClauses reports whether the clauses that the statement consists of are GORM's own.
func (c *capture) plainClauses() bool {
	st := c.db.Statement
	return !slices.ContainsFunc(c.built(), func(name string) bool {
		part, there := st.Clauses[name]
		_, builds := st.ClauseBuilders[name]
		return there && (builds || !unadorned(part) || !isPlainClause(part.Expression))
	})
}

func isPlainClause(expression clause.Expression) bool {
	switch e := expression.(type) {
	case nil, clause.Values, clause.Set, clause.Where, clause.Returning, clause.OnConflict:
		return true
	case clause.Insert:
		return e.Modifier == ""
	case clause.Update:
		return e.Modifier == ""
	case clause.Delete:
		return e.Modifier == ""
	case clause.From:
		return len(e.Tables) <= 1 && len(e.Joins) == 0
	default:
		return false
	}
}

// addReturning adds what the statement returns, and reports whether these are columns.
func (f *carriedForm) addReturning(st *gorm.Statement) bool {
	var returning clause.Returning
	if returning, f.returns = st.Clauses["RETURNING"].Expression.(clause.Returning); !f.returns {
		return true
	}
	if slices.ContainsFunc(returning.Columns, func(column clause.Column) bool { return column.Name == "*" }) && len(returning.Columns) == 1 {
		return true
	}
	f.users = returning.Columns
	return !slices.ContainsFunc(f.users, func(column clause.Column) bool { return column.Raw || !bareName.MatchString(column.Name) })
}

// bareName matches a name that GORM quotes as it is.
var bareName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`)

// addUpsert adds how an upsert of one row finds the row that it may meet, and reports
// whether its values say that.
func (f *carriedForm) addUpsert(c *capture) bool {
	values, _ := c.db.Statement.Clauses["VALUES"].Expression.(clause.Values)
	if len(values.Values) != 1 || assignsKey(c.target.Table, f.conflict.DoUpdates, f.conflict.Columns) {
		return false
	}
	var known bool
	f.meets, known = c.conflictRows(*f.conflict, false)
	return known && len(f.meets) == 1 && !c.comments(f.conflict.DoUpdates)
}

// comments reports whether a part of the statement may contain a comment, which would hide
// what is written behind it.
func (c *capture) comments(part clause.Expression) bool {
	text := statement.Scratch(c.db.Statement)
	part.Build(text)
	sql := text.SQL.String()
	return strings.Contains(sql, "--") || strings.Contains(sql, "/*")
}

// insertsOne reports whether an insert is of one row.
func insertsOne(st *gorm.Statement) bool {
	values, _ := st.Clauses["VALUES"].Expression.(clause.Values)
	return len(values.Values) == 1
}

// pinsKey reports whether the conditions give the primary key of the row: then it is one
// row at most, and its key is that of the conditions, whatever other transactions do.
func (c *capture) pinsKey() bool {
	where, _ := c.db.Statement.Clauses["WHERE"].Expression.(clause.Where)
	pinned := map[string]bool{}
	for _, condition := range where.Exprs {
		column, value, ok := c.equation(condition)
		if !ok || isSQL(value) {
			return false // it may be an OR
		}
		pinned[column] = pinned[column] || isPlainValue(value)
	}
	return !slices.ContainsFunc(c.target.Table.Model.Keys, func(key *schema.Field) bool { return !pinned[key.DBName] })
}

// equation returns the two sides of a condition that a column is equal to a value.
func (c *capture) equation(condition clause.Expression) (column string, value any, ok bool) {
	var side any
	switch e := condition.(type) {
	case clause.Eq:
		side, value = e.Column, e.Value
	case clause.IN:
		if len(e.Values) != 1 {
			return "", nil, false
		}
		side, value = e.Column, e.Values[0]
	default:
		return "", nil, false
	}
	switch named := side.(type) {
	case string:
		return named, value, true
	case clause.Column:
		if model := c.db.Statement.Schema; named.Name == clause.PrimaryKey && model != nil && model.PrioritizedPrimaryField != nil {
			named.Name = model.PrioritizedPrimaryField.DBName
		}
		return named.Name, value, !named.Raw && named.Alias == ""
	default:
		return "", nil, false
	}
}

// isSQL reports whether a value is SQL, which GORM writes as it is.
func isSQL(value any) bool {
	switch value.(type) {
	case gorm.Valuer, clause.Expression, clause.Column, clause.Table, *gorm.DB:
		return true
	default:
		return false
	}
}

// isPlainValue reports whether a value is a parameter: not NULL, and not a list.
func isPlainValue(value any) bool {
	if valuer, is := value.(driver.Valuer); is {
		if of := reflect.ValueOf(valuer); of.Kind() == reflect.Pointer && of.IsNil() {
			return false
		}
		given, err := valuer.Value()
		return err == nil && given != nil
	}
	switch reflect.ValueOf(value).Kind() {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	default:
		return false
	}
}
